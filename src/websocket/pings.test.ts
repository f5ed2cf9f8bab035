import { describe, expect, it } from "vitest";
import { BusbarError } from "../kernel/errors.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { notSent } from "./outbox.js";
import { Pings } from "./pings.js";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

function pingsWithWire(): { clock: VirtualClock; pings: Pings; sent: Uint8Array[] } {
  const clock = new VirtualClock();
  const sent: Uint8Array[] = [];
  const pings = new Pings({
    clock,
    random: new SeededRandom(1),
    sendPing: (payload) => {
      if (payload.length > 125) throw new BusbarError("send/control-too-long", "too long");
      sent.push(payload);
    },
  });
  return { clock, pings, sent };
}

describe("pings", () => {
  it("resolve with the round trip when their pong comes", async () => {
    const { clock, pings, sent } = pingsWithWire();
    const first = pings.ping(bytes(1));
    clock.advance(5);
    const second = pings.ping(bytes(2));
    clock.advance(10);
    pings.pong(bytes(1));
    clock.advance(20);
    pings.pong(bytes(2));
    expect([await first, await second, sent]).toEqual([15, 30, [bytes(1), bytes(2)]]);
  });

  it("end without a word when every pong has come", async () => {
    const { clock, pings } = pingsWithWire();
    const first = pings.ping(bytes(1));
    clock.advance(5);
    pings.pong(bytes(1));
    pings.end(notSent());
    expect(await first).toBe(5);
  });

  it("are answered by the pong of a later ping, too (RFC 6455, 5.5.3)", async () => {
    const { clock, pings } = pingsWithWire();
    const waiting = [pings.ping(bytes(1)), pings.ping(bytes(2)), pings.ping(bytes(3))];
    clock.advance(7);
    pings.pong(bytes(2));
    clock.advance(1);
    pings.pong(bytes(3));
    expect(await Promise.all(waiting)).toEqual([7, 7, 8]);
  });

  it("do not take a pong that nobody asked for, or that came twice", async () => {
    const { clock, pings } = pingsWithWire();
    const waiting = pings.ping(bytes(1));
    pings.pong(bytes(9));
    pings.pong(bytes());
    clock.advance(3);
    pings.pong(bytes(1));
    pings.pong(bytes(1));
    expect(await waiting).toBe(3);
  });

  it("with the payload of one that waits are one ping", async () => {
    const { clock, pings, sent } = pingsWithWire();
    const both = [pings.ping(bytes(1)), pings.ping(bytes(1))];
    clock.advance(3);
    pings.pong(bytes(1));
    expect([await Promise.all(both), sent.length]).toEqual([[3, 3], 1]);
  });

  it("without a payload get one of eight random bytes", () => {
    const { pings, sent } = pingsWithWire();
    const waiting = [pings.ping(), pings.ping()];
    expect(waiting).toHaveLength(sent.length);
    expect(sent.map(({ length }) => length)).toEqual([8, 8]);
    expect(sent[0]).not.toEqual(sent[1]);
  });

  it("are refused when 64 wait, and possible again when they were answered", async () => {
    const { pings, sent } = pingsWithWire();
    const waiting = Array.from({ length: 64 }, (_, index) => pings.ping(bytes(index)));
    await expect(pings.ping(bytes(64))).rejects.toMatchObject({ code: "websocket/too-many-pings", retryable: true });
    pings.pong(bytes(63));
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 64 }, () => 0));
    waiting.push(pings.ping(bytes(64)));
    expect(sent).toHaveLength(65);
  });

  it("reject when they cannot be sent, and do not wait then", async () => {
    const { pings } = pingsWithWire();
    for (const length of [126, 1_000_000]) {
      await expect(pings.ping(new Uint8Array(length))).rejects.toMatchObject({ code: "send/control-too-long" });
    }
    expect(() => pings.ping(new ArrayBuffer(4) as unknown as Uint8Array)).toThrow("only text and bytes");
  });

  it("that wait reject when the connection ends, and nobody has to look", async () => {
    const { pings } = pingsWithWire();
    const [watched] = [pings.ping(bytes(1)), pings.ping(bytes(2))];
    pings.end(notSent());
    await expect(watched).rejects.toMatchObject({ code: "websocket/not-sent" });
  });
});
