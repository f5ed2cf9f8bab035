/** What hostile servers send to busbar's client, once it has connected. */
import { constants, deflateRawSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BINARY, CLOSE, CONTINUATION, encodeFrame, PING, TEXT } from "../conformance/frames.js";
import { openClient } from "../support/engine-ground.js";
import { scriptedServer, switching } from "../support/scripted-server.js";

const MEBIBYTE = 1024 * 1024;
const DEFLATE = { "Sec-WebSocket-Extensions": "permessage-deflate; server_no_context_takeover" };

/** What nobody caught. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  process.on("unhandledRejection", note);
  process.on("uncaughtExceptionMonitor", note);
});

afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  process.off("uncaughtExceptionMonitor", note);
  expect(unhandled.splice(0)).toEqual([]);
});

/** A server's frame that says how long it is, and has nothing behind that. */
function header(opcode: number, length: bigint): Buffer {
  const bytes = Buffer.alloc(10);
  bytes[0] = 0x80 | opcode;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(length, 2);
  return bytes;
}

const zeros = (bytes: number): Buffer =>
  deflateRawSync(new Uint8Array(bytes), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

const fragment = encodeFrame({ opcode: CONTINUATION, isFinal: false }, "server");

describe("a client's connection ends", () => {
  it.each([
    ["a masked frame", encodeFrame({ opcode: TEXT, payload: "x" }, "client"), "frame/masked"],
    ["a length with the highest bit set (undici CVE-2026-1528)", header(BINARY, 2n ** 63n), "frame/length-top-bit"],
    ["a length of 2^63 - 1", header(BINARY, 2n ** 63n - 1n), "message/too-large"],
    ["a length of 2^53 + 1", header(BINARY, 2n ** 53n + 1n), "message/too-large"],
    ["a length of 2^31", header(BINARY, 2n ** 31n), "message/too-large"],
    [
      "ten thousand fragments (ws CVE-2026-48779)",
      Buffer.concat([encodeFrame({ opcode: TEXT, isFinal: false }, "server"), ...Array<Buffer>(10_000).fill(fragment)]),
      "message/too-many-fragments",
    ],
    [
      "256 MiB of zeros in a few frames (undici CVE-2026-1526)",
      encodeFrame({ opcode: BINARY, payload: zeros(256 * MEBIBYTE), reserved: 0b100 }, "server"),
      "message/too-large",
    ],
    [
      "a compressed message that is none (undici CVE-2026-2229)",
      encodeFrame({ opcode: BINARY, payload: new Uint8Array([7, 7, 7]), reserved: 0b100 }, "server"),
      "message/not-deflated",
    ],
    [
      "a text that is none",
      encodeFrame({ opcode: TEXT, payload: new Uint8Array([0xff]) }, "server"),
      "message/not-utf8",
    ],
    [
      "a ping that is too long",
      encodeFrame({ opcode: PING, payload: new Uint8Array(126) }, "server"),
      "frame/control-too-long",
    ],
    [
      "a close code that may not travel",
      encodeFrame({ opcode: CLOSE, payload: new Uint8Array([3, 237]) }, "server"),
      "close/invalid-code",
    ],
  ])("for %s", async (_, bytes, code) => {
    const { url } = await scriptedServer((socket, request) => {
      socket.write(switching(request, DEFLATE));
      socket.write(bytes);
      socket.on("data", () => undefined);
    });
    const client = await openClient(url, { compression: true, limits: { closeTimeoutMs: 200 } });
    const errors: string[] = [];
    client.on("error", (error) => errors.push(error.code));
    const info = await client.closed;
    expect([info.reason, info.wasClean]).toEqual([code, false]);
    expect(errors[0]).toBe(code);
    await expect(client.send("more")).rejects.toMatchObject({ code: "send/not-open" });
    await expect(client.ping()).rejects.toMatchObject({ code: "send/not-open" });
  });

  it("for a reset while much is on its way, and every send is told", async () => {
    const { url } = await scriptedServer((socket, request) => {
      socket.write(switching(request));
      socket.once("data", () => socket.resetAndDestroy());
    });
    const client = await openClient(url);
    const sends = Array.from({ length: 10 }, () => client.send(new Uint8Array(MEBIBYTE)));
    const results = await Promise.allSettled(sends);
    expect(results.at(-1)).toMatchObject({ status: "rejected", reason: { code: "websocket/not-sent" } });
    expect(await client.closed).toMatchObject({ code: 1006, wasClean: false });
  });

  it("for a server that never closes its side", async () => {
    const { url } = await scriptedServer((socket, request) => {
      socket.allowHalfOpen = true;
      socket.write(switching(request));
      socket.on("data", () => undefined);
    });
    const client = await openClient(url, { limits: { closeTimeoutMs: 50 } });
    expect(await client.close()).toMatchObject({ wasClean: false });
  });
});
