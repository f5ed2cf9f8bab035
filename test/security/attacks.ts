/** What attackers send, as bytes and as text. */
import { constants, deflateRawSync } from "node:zlib";
import { BINARY, CONTINUATION } from "../conformance/frames.js";
import type { TcpPeer } from "../support/tcp-peer.js";

export const MEBIBYTE = 1024 * 1024;

/** What asks for compression. */
export const DEFLATE = { headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } };

/** The reserved bit that says that a message is compressed. */
const COMPRESSED = 0b100;

/** A frame's header with a 64-bit length, and nothing behind it. */
export function header(opcode: number, length: bigint, isFinal = true): Buffer {
  const bytes = Buffer.alloc(14);
  bytes[0] = (isFinal ? 0x80 : 0) | opcode;
  bytes[1] = 0x80 | 127;
  bytes.writeBigUInt64BE(length, 2);
  return bytes;
}

/** Zeros, deflated as permessage-deflate does (RFC 7692, 7.2.1): about a thousandth of them. */
export function deflatedZeros(mebibytes: number): Buffer {
  const one = deflateRawSync(new Uint8Array(MEBIBYTE), { finishFlush: constants.Z_SYNC_FLUSH });
  // Blocks that end on a byte can stand behind each other.
  return Buffer.concat(Array.from({ length: mebibytes }, () => one)).subarray(0, -4);
}

/** Send one compressed message in so many frames. */
export function sendCompressed(peer: TcpPeer, bytes: Buffer, count: number): void {
  const size = Math.ceil(bytes.length / count);
  for (let at = 0; at < count; at++) {
    peer.send({
      opcode: at === 0 ? BINARY : CONTINUATION,
      payload: bytes.subarray(at * size, (at + 1) * size),
      isFinal: at === count - 1,
      reserved: at === 0 ? COMPRESSED : 0,
    });
  }
}

/** Write, as long as the connection is there, all that the kernel takes. */
export async function flood(peer: TcpPeer, chunk: Uint8Array, times: number): Promise<void> {
  for (let count = 0; count < times && !peer.socket.destroyed && peer.socket.writable; count++) {
    if (!peer.socket.write(chunk)) {
      await Promise.race([new Promise((resolve) => peer.socket.once("drain", resolve)), peer.closed]);
    }
  }
}

/** A text message in a frame that is masked with nothing, which takes no time to write. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = payload.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
  head[0] = 0x81;
  head[1] = 0x80 | (payload.length < 126 ? payload.length : 126);
  if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** How many answers to requests have come. */
export function answersIn(peer: TcpPeer): number {
  return peer.received.toString("latin1").split(/HTTP\/1\.1 \d{3} /).length - 1;
}

const HOSTILE_VALUES: readonly unknown[] = [
  [],
  [[]],
  {},
  { toString: "x", valueOf: 1 },
  { length: 1e9 },
  { _placeholder: true, num: -1 },
  -1,
  0,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 1,
  true,
  null,
  "",
  "toString",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "chat/__proto__",
  "chat/constructor",
  "\u0000",
  "\ud800",
];

/** One well-formed command of each kind. */
const commands: readonly Readonly<Record<string, unknown>>[] = [
  { do: "hello", client: "a-client-0123456789", auth: { scheme: "basic", username: "bob", password: "builder" } },
  { do: "refresh", auth: { scheme: "basic", username: "bob", password: "builder" } },
  { do: "ping" },
  { do: "compare", parts: { "chat/:room": "00" } },
  { do: "subscribe", channel: "chat/types", from: { epoch: "e", offset: 1 }, policy: "latest" },
  { do: "unsubscribe", channel: "chat/types" },
  { do: "resume", cursors: [{ channel: "chat/types", from: { last: 1 } }] },
  { do: "publish", channel: "chat/types", data: { text: "x" }, seq: 1, ageMs: 1, deliverAt: 1 },
  { do: "publishAll", channel: "chat/types", messages: [{ text: "x" }], seq: 1, ageMs: 1 },
  { do: "follow", message: "m" },
  { do: "join", channel: "chat/types", state: { name: "bob" } },
  { do: "leave", channel: "chat/types" },
  { do: "call", name: "echo/types", input: 1, deadlineMs: 1000 },
  { do: "cancel", call: 1 },
  { do: "offer", name: "echo/types" },
  { do: "withdraw", name: "echo/types" },
  { do: "answer", call: 1, output: 1 },
];

/** Every command with every member, also those within its members, as what it should not be. */
export function commandsOfWrongTypes(): readonly string[] {
  return commands.flatMap((command) =>
    ["id", ...pathsOf(command)].flatMap((path) =>
      HOSTILE_VALUES.map((value) => JSON.stringify(replaced({ id: 7, ...command }, path.split("."), value))),
    ),
  );
}

function pathsOf(value: object, before = ""): readonly string[] {
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const path = `${before}${name}`;
    return typeof member === "object" && member !== null ? [path, ...pathsOf(member, `${path}.`)] : [path];
  });
}

function replaced(from: object, [name = "", ...path]: readonly string[], value: unknown): object {
  const entries = Object.entries(from).map(([key, member]: [string, unknown]) => {
    if (key !== name) return [key, member] as const;
    const isWithin = path.length > 0 && typeof member === "object" && member !== null;
    return [key, isWithin ? replaced(member, path, value) : value] as const;
  });
  return Array.isArray(from) ? entries.map(([, member]) => member) : Object.fromEntries(entries);
}

/** Text that is no command, or whose names are those of every object. */
export const notCommands: readonly string[] = [
  "",
  "null",
  "[]",
  "{}",
  "}{",
  "1e400",
  '"text"',
  '{"__proto__":{"do":"ping","id":1}}',
  '{"id":1,"do":"ping","__proto__":null}',
  '{"id":1,"do":"__proto__"}',
  '{"id":1,"do":"constructor"}',
  '{"id":1,"do":"toString"}',
  '{"id":1,"do":"publish","channel":"board/a","data":{"__proto__":{"polluted":1}}}',
  '{"id":1,"do":"publish","channel":"board/a","data":{"constructor":{"prototype":{"polluted":1}}}}',
  '{"id":1,"do":"call","name":"echo/a","input":{"__proto__":{"polluted":1}}}',
  '{"id":1,"do":"join","channel":"chat/a","state":{"name":"a","__proto__":{"polluted":1}}}',
  '{"id":1,"do":"compare","parts":{"__proto__":{"polluted":1}}}',
  '{"id":1,"do":"compare","parts":{"__proto__":"1","constructor":"2"}}',
  // Packets of socket.io, engine.io and others.
  '51-["x",{"_placeholder":true,"num":0}]',
  '5999999999-["x"]',
  '42["__proto__",{"toString":1}]',
  "2probe",
  '{"subscribe":{"channel":"a"},"id":1}',
];

/** Numbers of parts that are declared, and none of them there. */
export const declaredParts: readonly string[] = [
  '51000000000-["x"]',
  '{"id":1,"do":"publishAll","channel":"board/a","messages":{"length":1000000000}}',
  '{"id":1,"do":"publishAll","channel":"board/a","messages":1000000000}',
  `{"id":1,"do":"publishAll","channel":"board/a","messages":[${"1,".repeat(20_000)}1]}`,
  '{"id":1,"do":"publish","channel":"board/a","data":1,"parts":1000000000}',
  '{"id":1,"do":"resume","cursors":{"length":1000000000}}',
  `{"id":1,"do":"resume","cursors":[${'{"channel":"board/a"},'.repeat(2500)}{"channel":"board/a"}]}`,
  '{"id":1,"do":"compare","parts":1000000000}',
  '{"id":1,"do":"compare","parts":{"length":1000000000}}',
  `{"id":1,"do":"compare","parts":{${Array.from({ length: 5000 }, (_, index) => `"p${index}":"1"`).join()}}}`,
  '{"id":1,"do":"subscribe","channel":"chat/a","from":{"last":1000000000}}',
  '{"id":1,"do":"subscribe","channel":"chat/b","from":{"last":9007199254740991}}',
  '{"id":1,"do":"publish","channel":"board/a","data":1,"seq":9007199254740991}',
  '{"id":1,"do":"publish","channel":"board/a","data":1,"after":1e308}',
  '{"id":1000000000,"do":"ping"}',
  `{"id":1,"do":"publish","channel":"board/a","data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`,
  `{"id":1,"do":"publish","channel":"board/a","data":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`,
  `{"id":1,"do":"publish","channel":"board/a","data":[${"{},".repeat(20_000)}1]}`,
  `{"id":1,"do":"publish","channel":"board/a","data":${"9".repeat(60_000)}}`,
];
