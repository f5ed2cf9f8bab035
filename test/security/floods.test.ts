/** Floods that no list of others' defects has: of pings, of clients that do not read, of commands, of dripping bytes. */
import { expect, it } from "vitest";
import { encodeFrame } from "../conformance/frames.js";
import { RawClient } from "../support/raw-client.js";
import type { TcpPeer } from "../support/tcp-peer.js";
import { busRequest, describeTwice, publishInTime } from "./bus-target.js";

const PING = 9;
/** The answer to a ping with one byte. */
const PONG_BYTES = 3;

/** What the table says for one connection that does not read: messages, and replies. */
const OUTBOX_BYTES_MAX = 2 * 1024 * 1024;
const MIB = 1024 * 1024;

/** Write all of it, no faster than it is taken. */
async function write(peer: TcpPeer, bytes: Uint8Array): Promise<void> {
  if (!peer.socket.write(bytes)) await new Promise<void>((resolve) => peer.socket.once("drain", () => resolve()));
}

describeTwice("a flood", (target) => {
  it("of 200,000 pings is answered, and holds nothing", async () => {
    const batch = Buffer.concat(
      Array.from({ length: 1_000 }, () => encodeFrame({ opcode: PING, payload: "p" }, "client")),
    );
    await target().attacked("200,000 pings", async () => {
      const peer = await target().upgraded();
      for (let sent = 0; sent < 200; sent++) await write(peer, batch);
      await peer.until((received) => (received.length >= 200_000 * PONG_BYTES ? true : undefined));
      expect(peer.received.readUInt8(0)).toBe(0x8a);
    });
  });

  it("of pings from a peer that does not read keeps one pong", async () => {
    const batch = Buffer.concat(
      Array.from({ length: 1_000 }, () => encodeFrame({ opcode: PING, payload: "p".repeat(125) }, "client")),
    );
    await target().attacked(
      "pings that nobody reads the answers of",
      async () => {
        const peer = await target().upgraded();
        peer.socket.pause();
        for (let sent = 0; sent < 400; sent++) await write(peer, batch);
        expect(peer.socket.destroyed).toBe(false);
      },
      64 * MIB,
    );
  });

  it("of messages for 100 clients that do not read is bounded by what one may have waiting", async () => {
    const readers = 100;
    const data = "x".repeat(60_000);
    // The channel's log keeps ten of them, whatever happens: they are there before.
    const first = await target().login("ada", "lovelace");
    for (let published = 0; published < 10; published++) await publishInTime(first, "feed/flood", data);
    first.cut();
    await target().attacked(
      "100 clients that do not read",
      async () => {
        for (let index = 0; index < readers; index++) {
          const client = await target().login("bob", "builder");
          await client.ask({ do: "subscribe", channel: "feed/flood" });
          client.socket.pause();
        }
        const publisher = await target().login("ada", "lovelace");
        // Each of them would have 3.4 MiB waiting.
        for (let published = 0; published < 60; published++) await publishInTime(publisher, "feed/flood", data);
        expect(publisher.socket.readyState).toBe(publisher.socket.OPEN);
      },
      readers * OUTBOX_BYTES_MAX,
    );
  });

  it("of subscriptions from one client ends with it", async () => {
    await target().attacked("100,000 subscriptions", async () => {
      const client = await target().login("bob", "builder");
      for (let index = 0; index < 100_000 && client.socket.readyState === client.socket.OPEN; index++) {
        client.send({ do: "subscribe", channel: `board/s-${index}` });
        if (index % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await client.closed).toMatchObject({ code: 4003 });
    });
  });

  it("of 500 requests whose bodies drip is gone after 6 s", async () => {
    const longest = await target().attacked("500 dripping bodies", async () => {
      const lives: Promise<number>[] = [];
      for (let index = 0; index < 500; index++) {
        const peer = await target().open();
        const openedAt = performance.now();
        peer.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
        const timer = setInterval(() => peer.write("x"), 100);
        const gone = peer.closed.then(() => {
          clearInterval(timer);
          return performance.now() - openedAt;
        });
        lives.push(gone);
      }
      return Math.max(...(await Promise.all(lives)));
    });
    console.log(`500 bodies dripped for at most ${longest.toFixed(0)} ms`);
    expect(longest).toBeLessThan(6_000);
  });

  it("of 2,000 connections that drip is gone after 6 s, and others connect meanwhile", async () => {
    const { longest, waits } = await target().attacked("2,000 dripping connections", async () => {
      const request = busRequest();
      const lives: Promise<number>[] = [];
      const open = new Set<TcpPeer>();
      for (let index = 0; index < 2_000; index++) {
        const peer = await target().open();
        const openedAt = performance.now();
        // A third of them says nothing at all.
        let sent = 0;
        const timer = index % 3 === 0 ? undefined : setInterval(() => peer.write(request.charAt(sent++)), 1_000);
        open.add(peer);
        const gone = peer.closed.then(() => {
          clearInterval(timer);
          open.delete(peer);
          return performance.now() - openedAt;
        });
        lives.push(gone);
      }
      const waits: number[] = [];
      while (open.size > 0) {
        const at = performance.now();
        const client = await RawClient.login(target().url, "ada", "lovelace");
        waits.push(performance.now() - at);
        client.cut();
      }
      return { longest: Math.max(...(await Promise.all(lives))), waits };
    });
    const p99 = waits.toSorted((one, other) => one - other)[Math.floor(waits.length * 0.99)] ?? 0;
    console.log(
      `2,000 connections dripped for at most ${longest.toFixed(0)} ms; ${waits.length} clients connected meanwhile, p99 ${p99.toFixed(1)} ms`,
    );
    // The timeout, and a second in which all of them are told.
    expect(longest).toBeLessThan(5_000 + target().inCrowd(1_000));
    expect(waits.length).toBeGreaterThan(30);
    expect(p99).toBeLessThan(target().inCrowd(500));
  }, 60_000);
});
