/** What hostile clients send in frames. */
import { randomBytes } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { BINARY, CLOSE, CONTINUATION, encodeFrame, PING, TEXT, type TestFrame } from "../conformance/frames.js";
import type { TcpPeer } from "../support/tcp-peer.js";
import { servers, useTarget } from "./target.js";

const target = useTarget();

const MEBIBYTE = 1024 * 1024;
const DEFLATE = { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } };
/** The reserved bit that says that a message is compressed. */
const COMPRESSED = 0b100;

/** Deflate as permessage-deflate does (RFC 7692, 7.2.1). */
function deflate(content: Uint8Array): Buffer {
  return deflateRawSync(content, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** A frame's header with a 64-bit length, and nothing behind it. */
function header(opcode: number, length: bigint, isFinal = true): Buffer {
  const bytes = Buffer.alloc(14);
  bytes[0] = (isFinal ? 0x80 : 0) | opcode;
  bytes[1] = 0x80 | 127;
  bytes.writeBigUInt64BE(length, 2);
  return bytes;
}

/** Write, as long as the connection is there, all that the kernel takes. */
async function flood(peer: TcpPeer, chunk: Uint8Array, times: number): Promise<void> {
  for (let count = 0; count < times && !peer.socket.destroyed && peer.socket.writable; count++) {
    if (!peer.socket.write(chunk)) {
      await Promise.race([new Promise((resolve) => peer.socket.once("drain", resolve)), peer.closed]);
    }
  }
}

describe("fragments", () => {
  it.each(["", "x"])("a million continuations of %j are ended at the limit (ws CVE-2026-48779)", async (payload) => {
    const before = await target().report();
    const peer = await target().upgraded("served");
    peer.send({ opcode: TEXT, payload, isFinal: false });
    const fragments = Buffer.concat(
      Array.from({ length: 10_000 }, () => encodeFrame({ opcode: CONTINUATION, payload, isFinal: false }, "client")),
    );
    const flooding = flood(peer, fragments, 100);
    expect(await target().during(peer.closeFrame())).toEqual({ code: 1008, reason: "message/too-many-fragments" });
    await target().during(flooding);
    await peer.closed;
    expect((await target().report()).heldBytes - before.heldBytes).toBeLessThan(8 * MEBIBYTE);
  });

  it("are counted on, whatever stands between them", async () => {
    const peer = await target().upgraded("served");
    const between = [{ opcode: CONTINUATION, isFinal: false }, { opcode: PING }];
    peer.send({ opcode: TEXT, isFinal: false }, ...Array.from({ length: 1024 }, () => between).flat());
    expect(await target().during(peer.closeFrame())).toEqual({ code: 1008, reason: "message/too-many-fragments" });
  });

  it("of 200 messages that never end are held for no more than they are", async () => {
    const before = await target().report();
    const peers = await Promise.all(Array.from({ length: 200 }, () => target().upgraded("served")));
    for (const peer of peers) {
      // A mebibyte is declared, and ten bytes come.
      peer.write(Buffer.concat([header(BINARY, BigInt(MEBIBYTE), false), Buffer.alloc(10)]));
    }
    await target().serveOthers();
    expect((await target().report()).heldBytes - before.heldBytes).toBeLessThan(8 * MEBIBYTE);
  });
});

describe("lengths", () => {
  it.each([
    2n ** 20n + 1n,
    2n ** 31n - 1n,
    2n ** 31n,
    2n ** 31n + 1n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 32n + 1n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
  ])("of %d bytes are refused before anything of them has come", async (length) => {
    for (const opcode of [TEXT, BINARY]) {
      const peer = await target().upgraded("served");
      peer.write(header(opcode, length));
      expect(await peer.closeFrame()).toEqual({ code: 1009, reason: "message/too-large" });
      await peer.closed;
    }
  });

  it.each([2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 1n])(
    "of %d bytes, with the highest bit set, break a rule (gorilla CVE-2020-27813, undici CVE-2026-1528)",
    async (length) => {
      const peer = await target().upgraded("served");
      peer.write(header(BINARY, length));
      expect(await peer.closeFrame()).toEqual({ code: 1002, reason: "frame/length-top-bit" });
    },
  );

  it("that exceed the limit together are refused, with control frames between", async () => {
    const peer = await target().upgraded("served");
    peer.send(
      { opcode: BINARY, payload: new Uint8Array(MEBIBYTE - 1), isFinal: false },
      { opcode: PING, payload: "between" },
      { opcode: CONTINUATION, payload: "x", isFinal: false },
      { opcode: PING, payload: "between" },
    );
    peer.write(header(CONTINUATION, 2n ** 32n));
    expect(await peer.closeFrame()).toEqual({ code: 1009, reason: "message/too-large" });
  });

  it("that would overflow when they are added up are refused", async () => {
    const peer = await target().upgraded("served");
    peer.send({ opcode: BINARY, payload: "x", isFinal: false });
    peer.write(header(CONTINUATION, 2n ** 63n - 1n));
    expect(await peer.closeFrame()).toEqual({ code: 1009, reason: "message/too-large" });
  });

  it("of control frames are refused above 125 bytes", async () => {
    for (const opcode of [PING, CLOSE]) {
      const peer = await target().upgraded("served");
      peer.send({ opcode, payload: new Uint8Array(126) });
      expect(await peer.closeFrame()).toEqual({ code: 1002, reason: "frame/control-too-long" });
    }
  });
});

describe("compressed messages", () => {
  const gibibyte = deflate(new Uint8Array(1024 * MEBIBYTE));

  it.each([1, 100, 1000])(
    "of 1 GiB of zeros in %d frames are stopped at the limit (undici CVE-2026-1526, websockets CVE-2018-1000518)",
    async (count) => {
      const before = await target().report();
      const peer = await target().upgraded("served", DEFLATE);
      const size = Math.ceil(gibibyte.length / count);
      for (let at = 0; at < count; at++) {
        peer.send({
          opcode: at === 0 ? BINARY : CONTINUATION,
          payload: gibibyte.subarray(at * size, (at + 1) * size),
          isFinal: at === count - 1,
          reserved: at === 0 ? COMPRESSED : 0,
        });
      }
      expect(await target().during(peer.closeFrame())).toEqual({ code: 1009, reason: "message/too-large" });
      const after = await target().report();
      expect(after.peakBytes - before.peakBytes).toBeLessThan(64 * MEBIBYTE);
    },
  );

  it("of 1 GiB from 20 clients at once are stopped, and hold nothing", async () => {
    const before = await target().report();
    const peers = await Promise.all(Array.from({ length: 20 }, () => target().upgraded("served", DEFLATE)));
    for (const peer of peers) peer.send({ opcode: BINARY, payload: gibibyte, reserved: COMPRESSED });
    const closed = await target().during(Promise.all(peers.map((peer) => peer.closeFrame())));
    expect(new Set(closed.map(({ code }) => code))).toEqual(new Set([1009]));
    const after = await target().report();
    expect(after.peakBytes - before.peakBytes).toBeLessThan(128 * MEBIBYTE);
    expect(after.heldBytes - before.heldBytes).toBeLessThan(2 * MEBIBYTE);
  });

  it("within the limit, again and again, do not add up", async () => {
    const before = await target().report();
    const peer = await target().upgraded("served", DEFLATE);
    const payload = deflate(new Uint8Array(MEBIBYTE));
    const attack = async (): Promise<void> => {
      for (let count = 0; count < 50; count++) {
        peer.send({ opcode: BINARY, payload, reserved: COMPRESSED });
        await peer.frame();
      }
    };
    await target().during(attack());
    expect((await target().report()).heldBytes - before.heldBytes).toBeLessThan(8 * MEBIBYTE);
  });

  it.each([
    ["random bytes", randomBytes(1000)],
    ["a reserved block type", Buffer.from([0x07])],
    ["a distance before the beginning", Buffer.from([0x03, 0xff, 0xff, 0xff])],
  ])("of %s are refused", async (_, payload) => {
    const peer = await target().upgraded("served", DEFLATE);
    peer.send({ opcode: BINARY, payload, reserved: COMPRESSED });
    expect(await peer.closeFrame()).toEqual({ code: 1007, reason: "message/not-deflated" });
  });

  it("where none were agreed on are refused", async () => {
    const peer = await target().upgraded("served");
    peer.send({ opcode: BINARY, payload: deflate(Buffer.from("hi")), reserved: COMPRESSED });
    expect(await peer.closeFrame()).toEqual({ code: 1002, reason: "frame/reserved-bits" });
  });
});

describe.each(servers)("window bits offered to a server that is %s", (name) => {
  it.each([
    ["server_max_window_bits=0", false],
    ["server_max_window_bits=7", false],
    ["server_max_window_bits=8", true],
    ["server_max_window_bits=9", true],
    ["server_max_window_bits=15", true],
    ["server_max_window_bits=16", false],
    ["server_max_window_bits=1000", false],
    ["server_max_window_bits=-8", false],
    ["server_max_window_bits=08", false],
    ["server_max_window_bits=0x9", false],
    ["server_max_window_bits=9.5", false],
    ["server_max_window_bits", false],
    ["server_max_window_bits=9; server_max_window_bits=9", false],
    ["client_max_window_bits=0", false],
    ["client_max_window_bits=16", false],
    ["client_max_window_bits=8", true],
    ["client_max_window_bits; client_max_window_bits", false],
    ["server_no_context_takeover=1", false],
    ["server_no_context_takeover; server_no_context_takeover", false],
    ["unknown", false],
    ["__proto__=9", false],
  ])("as %s are taken: %s (undici CVE-2026-2229)", async (parameters, isTaken) => {
    const peer = await target().upgraded(name, {
      headers: { "Sec-WebSocket-Extensions": `permessage-deflate; ${parameters}` },
    });
    const text = "hello ".repeat(50);
    peer.send({ opcode: TEXT, payload: text });
    const { isCompressed, payload } = await peer.frame();
    if (!isCompressed) expect(payload.toString()).toBe(text);
    // A window of 8 bits is agreed on and not used: zlib has none.
    expect(isCompressed).toBe(isTaken && parameters !== "server_max_window_bits=8");
  });

  it("as nothing are no extension", async () => {
    const peer = await target().open(name);
    peer.write(
      "GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\r\n\r\n",
    );
    expect((await peer.head()).status).toBe(400);
  });
});

describe("a peer that does not read", () => {
  it("and pings a hundred thousand times is owed one pong", async () => {
    const before = await target().report();
    const peer = await target().upgraded("served");
    peer.socket.pause();
    const pings = Buffer.concat(
      Array.from({ length: 1000 }, () => encodeFrame({ opcode: PING, payload: new Uint8Array(125) }, "client")),
    );
    await target().during(flood(peer, pings, 100));
    expect((await target().report()).heldBytes - before.heldBytes).toBeLessThan(8 * MEBIBYTE);
    peer.socket.resume();
    peer.send({ opcode: PING, payload: "the last one" });
    let pongs = 0;
    const last = async (): Promise<void> => {
      while ((await peer.frame()).payload.toString() !== "the last one") pongs++;
    };
    await target().during(last());
    // Those that the kernels held were on their way already; of the others one was owed.
    expect(pongs).toBeLessThan(100_000);
  });

  it("is not read from any more when it has enough to answer for", async () => {
    const before = await target().report();
    const peers = await Promise.all(Array.from({ length: 20 }, () => target().upgraded("served")));
    const message = encodeFrame({ opcode: BINARY, payload: new Uint8Array(MEBIBYTE) }, "client");
    // Each would send 40 MiB; none of them reads, so that after a while none can send.
    for (const peer of peers) {
      peer.socket.pause();
      for (let count = 0; count < 40; count++) peer.write(message);
    }
    let taken = -1;
    for (let quiet = 0; quiet < 50;) {
      await target().serveOthers();
      const now = peers.reduce((sum, { socket }) => sum + socket.bytesWritten - socket.writableLength, 0);
      quiet = now === taken ? quiet + 1 : 0;
      taken = now;
    }
    expect(peers.every(({ socket }) => socket.writableLength > 0)).toBe(true);
    // A message on its way out, one that waits, one that is put together and what of it was copied: not forty.
    expect((await target().report()).heldBytes - before.heldBytes).toBeLessThan(20 * 8 * MEBIBYTE);
  });
});

const masked = (frame: TestFrame): Buffer => encodeFrame(frame, "client");

describe("frames that break rules", () => {
  it.each([
    ["a frame that is not masked", encodeFrame({ opcode: TEXT, payload: "x" }, "server"), 1002],
    ["a reserved bit", masked({ opcode: TEXT, payload: "x", reserved: 0b001 }), 1002],
    ["a reserved opcode", masked({ opcode: 0x7 }), 1002],
    ["a length that is longer than it must be", masked({ opcode: TEXT, payload: "x", lengthBytes: 8 }), 1002],
    ["a continuation of nothing", masked({ opcode: CONTINUATION, payload: "x" }), 1002],
    ["a ping in fragments", masked({ opcode: PING, isFinal: false }), 1002],
    ["a text that is none", masked({ opcode: TEXT, payload: new Uint8Array([0xff]) }), 1007],
    ["a close frame of one byte", masked({ opcode: CLOSE, payload: new Uint8Array([3]) }), 1002],
    ["a close code that may not travel", masked({ opcode: CLOSE, payload: new Uint8Array([0x03, 0xed]) }), 1002],
    ["a close reason that is no text", masked({ opcode: CLOSE, payload: new Uint8Array([0x03, 0xe8, 0xff]) }), 1007],
  ])("%s: the connection ends, and what stands behind it is not looked at", async (_, frame, code) => {
    const peer = await target().upgraded("served");
    const [before, behind] = ["before", "behind"].map((payload) => masked({ opcode: TEXT, payload }));
    peer.write(Buffer.concat([before ?? frame, frame, behind ?? frame]));
    expect((await peer.frame()).payload.toString()).toBe("before");
    expect((await peer.closeFrame()).code).toBe(code);
    await flood(peer, masked({ opcode: TEXT, payload: "and more" }), 1000);
    await peer.closed;
    expect(peer.received.length).toBe(0);
  });

  it("and resets in the middle of frames, 200 times, leave nothing behind", async () => {
    const before = await target().report();
    const peers = await Promise.all(Array.from({ length: 200 }, () => target().upgraded("served", DEFLATE)));
    for (const [index, peer] of peers.entries()) {
      peer.write(encodeFrame({ opcode: BINARY, payload: new Uint8Array(1000) }, "client").subarray(0, index * 5));
      peer.reset();
    }
    await target().during(Promise.all(peers.map((peer) => peer.closed)));
    while ((await target().report()).sockets > before.sockets) await target().serveOthers();
    expect((await target().report()).heldBytes - before.heldBytes).toBeLessThan(4 * MEBIBYTE);
  });
});
