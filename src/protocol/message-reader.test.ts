import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  encodeFrame,
  encodeFrames,
  PING,
  PONG,
  TEXT,
  type TestFrame,
} from "../../test/conformance/frames.js";
import { portableTextCodec } from "../kernel/text-codec.js";
import { ProtocolError, type FrameErrorCode } from "./errors.js";
import { MessageReader, type MessageReaderOptions, type ReadEvent } from "./message-reader.js";

const MESSAGE_BYTES_MAX = 65_536;
const FRAGMENTS_MAX = 1024;

function readerFor(options: Partial<MessageReaderOptions> = {}): MessageReader {
  return new MessageReader({
    isMasked: true,
    isDeflateNegotiated: true,
    messageBytesMax: MESSAGE_BYTES_MAX,
    fragmentsMax: FRAGMENTS_MAX,
    text: portableTextCodec,
    ...options,
  });
}

/** Events and errors alike, as what a peer's bytes amount to. */
type Outcome = ReadEvent | { readonly type: "refused"; readonly code: string };

/** Read all chunks, on behind events that stop the reader; nothing is read behind an error or a close. */
function outcomesOf(chunks: readonly Uint8Array[], options?: Partial<MessageReaderOptions>): Outcome[] {
  const reader = readerFor(options);
  const outcomes: Outcome[] = [];
  const isOver = (): boolean => outcomes.at(-1)?.type === "close" || outcomes.at(-1)?.type === "refused";
  for (const original of chunks) {
    const chunk = Uint8Array.from(original);
    for (let at = 0; at < chunk.length && !isOver();) {
      try {
        at = reader.read(chunk, at, outcomes);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        outcomes.push({ type: "refused", code: error.code });
      }
    }
  }
  return outcomes;
}

const bytesOf = (...numbers: readonly number[]): Uint8Array => Uint8Array.from(numbers);
const singly = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));
const message = (data: string | Uint8Array): Outcome => ({ type: "message", data });
const refused = (code: FrameErrorCode): Outcome => ({ type: "refused", code });
const euro = bytesOf(0xe2, 0x82, 0xac);
const COMPRESSED = 4;

const rows: readonly [name: string, frames: readonly TestFrame[], outcomes: readonly Outcome[]][] = [
  ["a text", [{ opcode: TEXT, payload: "a€" }], [message("a€")]],
  ["an empty text", [{ opcode: TEXT }], [message("")]],
  ["bytes", [{ opcode: BINARY, payload: bytesOf(1, 2) }], [message(bytesOf(1, 2))]],
  ["no bytes", [{ opcode: BINARY }], [message(bytesOf())]],
  ["a text that has U+FFFD", [{ opcode: TEXT, payload: "a\uFFFD" }], [message("a\uFFFD")]],
  ["a text that begins with a byte order mark", [{ opcode: TEXT, payload: "\uFEFFa" }], [message("\uFEFFa")]],
  [
    "two messages",
    [
      { opcode: TEXT, payload: "a" },
      { opcode: BINARY, payload: bytesOf(1) },
    ],
    [message("a"), message(bytesOf(1))],
  ],
  [
    "fragments that end within a character, with control frames between",
    [
      { opcode: TEXT, payload: euro.subarray(0, 1), isFinal: false },
      { opcode: PING, payload: "p" },
      { opcode: CONTINUATION, isFinal: false },
      { opcode: PONG },
      { opcode: CONTINUATION, payload: euro.subarray(1) },
      { opcode: TEXT, payload: "next" },
    ],
    [{ type: "ping", payload: bytesOf(0x70) }, { type: "pong", payload: bytesOf() }, message("€"), message("next")],
  ],
  [
    "fragments of which the last alone has bytes",
    [
      { opcode: BINARY, isFinal: false },
      { opcode: CONTINUATION, payload: bytesOf(7) },
    ],
    [message(bytesOf(7))],
  ],
  ["fragments of nothing", [{ opcode: TEXT, isFinal: false }, { opcode: CONTINUATION }], [message("")]],
  [
    "a text that ends within a character",
    [{ opcode: TEXT, payload: euro.subarray(0, 2) }],
    [refused("message/not-utf8")],
  ],
  [
    "fragments that end within a character for good",
    [
      { opcode: TEXT, payload: euro, isFinal: false },
      { opcode: CONTINUATION, payload: euro.subarray(0, 2) },
    ],
    [refused("message/not-utf8")],
  ],
  [
    "a compressed text",
    [{ opcode: TEXT, payload: bytesOf(0xff), reserved: COMPRESSED }],
    [{ type: "compressed", isText: true, payload: bytesOf(0xff) }],
  ],
  [
    "compressed bytes in fragments, and what follows",
    [
      { opcode: BINARY, payload: bytesOf(1), reserved: COMPRESSED, isFinal: false },
      { opcode: CONTINUATION, payload: bytesOf(0xff) },
      { opcode: TEXT, payload: "plain" },
    ],
    [{ type: "compressed", isText: false, payload: bytesOf(1, 0xff) }, message("plain")],
  ],
  ["a close without a code", [{ opcode: CLOSE }, { opcode: PING }], [{ type: "close", code: 1005, reason: "" }]],
  ["a close with a code", [{ opcode: CLOSE, payload: bytesOf(3, 0xe8) }], [{ type: "close", code: 1000, reason: "" }]],
  [
    "a close with a reason, in the middle of a text's character",
    [
      { opcode: TEXT, payload: euro.subarray(0, 1), isFinal: false },
      { opcode: CLOSE, payload: bytesOf(0x0f, 0xa0, ...euro) },
    ],
    [{ type: "close", code: 4000, reason: "€" }],
  ],
  ["a close of one byte", [{ opcode: CLOSE, payload: bytesOf(3) }], [refused("close/one-byte")]],
  ["a close with 1005", [{ opcode: CLOSE, payload: bytesOf(3, 0xed) }], [refused("close/invalid-code")]],
  [
    "a close whose reason is no UTF-8",
    [{ opcode: CLOSE, payload: bytesOf(3, 0xe8, 0x61, 0xff) }],
    [refused("close/reason-not-utf8")],
  ],
  [
    "a close whose reason ends within a character",
    [{ opcode: CLOSE, payload: bytesOf(3, 0xe8, 0xe2, 0x82) }],
    [refused("close/reason-not-utf8")],
  ],
  [
    "a message before a broken frame",
    [
      { opcode: TEXT, payload: "a" },
      { opcode: TEXT, reserved: 2 },
    ],
    [message("a"), refused("frame/reserved-bits")],
  ],
];

describe("reading messages", () => {
  it.each(rows)("reads %s alike whole, byte by byte and in every two pieces", (_name, frames, expected) => {
    for (const sender of ["client", "server"] as const) {
      const bytes = encodeFrames(frames, sender);
      const options = { isMasked: sender === "client" };
      expect(outcomesOf([bytes], options)).toEqual(expected);
      expect(outcomesOf(singly(bytes), options)).toEqual(expected);
      for (let cut = 1; cut < bytes.length; cut++) {
        expect(outcomesOf([bytes.subarray(0, cut), bytes.subarray(cut)], options)).toEqual(expected);
      }
    }
  });

  it("puts together any messages from any fragments in any chunks", () => {
    const data = fc.oneof(fc.string({ unit: "grapheme", maxLength: 60 }), fc.uint8Array({ maxLength: 200 }));
    const places = fc.array(fc.nat(), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(data, places), { maxLength: 4 }), places, (messages, cuts) => {
        const frames = messages.flatMap(([payload, at]) => fragmentsOf(payload, at));
        const chunks = piecesOf(encodeFrames(frames, "client"), cuts);
        expect(outcomesOf(chunks)).toEqual(messages.map(([payload]) => message(payload)));
      }),
    );
  });

  it.each([
    ["a text", encodeFrame({ opcode: TEXT, payload: bytesOf(0x61, 0xff, ...Array(50).fill(0x61)) }, "client"), 8],
    ["a close's reason", encodeFrame({ opcode: CLOSE, payload: bytesOf(3, 0xe8, 0x80, 0x61, 0x61) }, "client"), 9],
    ["a close's code", encodeFrame({ opcode: CLOSE, payload: bytesOf(3, 0xee, 0x61, 0x61) }, "client"), 8],
  ])("refuses %s at the first bad byte", (_name, bytes, atByte) => {
    expect(outcomesOf(singly(bytes.subarray(0, atByte - 1)))).toEqual([]);
    expect(outcomesOf(singly(bytes.subarray(0, atByte)))).toHaveLength(1);
  });

  it("stops behind a compressed message and a close, and says where to go on", () => {
    const compressed = encodeFrame({ opcode: TEXT, payload: "zz", reserved: COMPRESSED }, "client");
    const fragmented = encodeFrames(
      [
        { opcode: TEXT, payload: "z", reserved: COMPRESSED, isFinal: false },
        { opcode: CONTINUATION, payload: "z" },
      ],
      "client",
    );
    const close = encodeFrame({ opcode: CLOSE }, "client");
    for (const first of [compressed, fragmented, close]) {
      const events: ReadEvent[] = [];
      expect(readerFor().read(Buffer.concat([first, compressed]), 0, events)).toBe(first.length);
      expect(events).toHaveLength(1);
    }
  });

  it("gives bytes that stay as they are when the chunk is used again", () => {
    const chunk = encodeFrames(
      [
        { opcode: BINARY, payload: "ab" },
        { opcode: PING, payload: "cd" },
      ],
      "server",
    );
    const events: ReadEvent[] = [];
    readerFor({ isMasked: false }).read(chunk, 0, events);
    chunk.fill(0);
    expect(events).toEqual([message(bytesOf(0x61, 0x62)), { type: "ping", payload: bytesOf(0x63, 0x64) }]);
  });
});

describe("the limits of a message", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** Counts what is allocated from here on: the sizes, in bytes, in their order. */
  function watchAllocations(): number[] {
    const sizes: number[] = [];
    const watched = new Proxy(Uint8Array, {
      construct(target, [size, ...rest]: [number, ...unknown[]]) {
        sizes.push(size);
        return Reflect.construct(target, [size, ...rest]);
      },
    });
    vi.stubGlobal("Uint8Array", watched);
    return sizes;
  }

  it.each([
    ["2^16 + 1", [127, 0, 0, 0, 0, 0, 1, 0, 1]],
    ["2^31 + 1", [127, 0, 0, 0, 0, 0x80, 0, 0, 1]],
    ["2^32", [127, 0, 0, 0, 1, 0, 0, 0, 0]],
    ["2^63 - 1", [127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])("refuse a frame of %s bytes at its header, and nothing is allocated for it", (_name, lengthBytes) => {
    const [header, reader, events] = [bytesOf(0x82, ...lengthBytes), readerFor({ isMasked: false }), []];
    const sizes = watchAllocations();
    expect(() => reader.read(header, 0, events)).toThrow(expect.objectContaining({ code: "message/too-large" }));
    expect(sizes).toEqual([]);
  });

  it("allow a message of exactly the limit, in one frame or in many, and none of a byte more", () => {
    const half = new Uint8Array(MESSAGE_BYTES_MAX / 2);
    const frames = (last: Uint8Array): Uint8Array =>
      encodeFrames(
        [{ opcode: BINARY, payload: half, isFinal: false }, { opcode: PING }, { opcode: CONTINUATION, payload: last }],
        "client",
      );
    const ping: Outcome = { type: "ping", payload: bytesOf() };
    const whole = new Uint8Array(MESSAGE_BYTES_MAX);
    expect(outcomesOf([encodeFrame({ opcode: BINARY, payload: whole }, "client")])).toEqual([message(whole)]);
    expect(outcomesOf([frames(half)])).toEqual([ping, message(whole)]);
    expect(outcomesOf([frames(new Uint8Array(half.length + 1))])).toEqual([ping, refused("message/too-large")]);
  });

  it("allow the compressed form what stored blocks add, and begin anew with each message", () => {
    const frame = (length: number): Uint8Array =>
      encodeFrame({ opcode: BINARY, payload: new Uint8Array(length), reserved: COMPRESSED }, "client");
    const longest = MESSAGE_BYTES_MAX + 256 + 1024;
    expect(outcomesOf([frame(longest), frame(longest)]).map(({ type }) => type)).toEqual(["compressed", "compressed"]);
    expect(outcomesOf([frame(longest + 1)])).toEqual([refused("message/too-large")]);
  });

  it("allow the compressed form as much, also where they are 2^31 and more", () => {
    const header = bytesOf(0xc2, 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff);
    for (const messageBytesMax of [2 ** 31, 3e9, 2 ** 53 - 1, Number.POSITIVE_INFINITY]) {
      expect(outcomesOf([header], { isMasked: false, messageBytesMax })).toEqual([]);
    }
  });

  it("count fragments, the empty ones too, for each message by itself", () => {
    const fragments = (count: number): TestFrame[] => [
      { opcode: TEXT, isFinal: false },
      ...Array.from({ length: count - 2 }, () => ({ opcode: CONTINUATION, isFinal: false })),
      { opcode: CONTINUATION },
    ];
    const allowed = [...fragments(FRAGMENTS_MAX), ...fragments(FRAGMENTS_MAX)];
    expect(outcomesOf([encodeFrames(allowed, "client")])).toEqual([message(""), message("")]);
    const bytes = encodeFrames(fragments(FRAGMENTS_MAX + 1), "client");
    expect(outcomesOf([bytes])).toEqual([refused("message/too-many-fragments")]);
  });

  it("let memory grow with what has come, not with what was declared", () => {
    const header = bytesOf(0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0);
    const reader = readerFor({ isMasked: false });
    const chunk = bytesOf(...header, 1, 2, 3);
    const sizes = watchAllocations();
    reader.read(chunk, 0, []);
    expect(sizes).toEqual([3]);
  });

  it("copy a compressed message, which may be longer, a bounded number of times", () => {
    // A frame of 4 MiB and 17,408 bytes: the last 17,408 in a chunk each took 18 s, all was copied for each.
    const messageBytesMax = 4 * 1024 * 1024;
    const length = messageBytesMax + 17_408;
    const header = bytesOf(0xc2, 127, 0, 0, 0, 0, 0, 0x40, 0x44, 0x00);
    const reader = readerFor({ isMasked: false, messageBytesMax });
    const [most, byte, events] = [new Uint8Array(messageBytesMax), bytesOf(7), [] as ReadEvent[]];
    reader.read(header, 0, events);
    const sizes = watchAllocations();
    reader.read(most, 0, events);
    for (let at = messageBytesMax; at < length; at++) reader.read(byte, 0, events);
    vi.unstubAllGlobals();
    expect(events.map(({ type }) => type)).toEqual(["compressed"]);
    expect(sizes).toEqual([messageBytesMax, length]);
  });

  it("copy the bytes of many small fragments a bounded number of times", () => {
    const fragmentCount = 60_000;
    const reader = readerFor({ isMasked: false, fragmentsMax: fragmentCount });
    const [first, next, last] = [bytesOf(0x02, 1, 7), bytesOf(0x00, 1, 7), bytesOf(0x80, 1, 7)];
    const events: ReadEvent[] = [];
    const sizes = watchAllocations();
    for (let index = 0; index < fragmentCount; index++) {
      reader.read(index === 0 ? first : index < fragmentCount - 1 ? next : last, 0, events);
    }
    vi.unstubAllGlobals();
    expect(events).toEqual([message(new Uint8Array(fragmentCount).fill(7))]);
    // 1, 2, 4 … up to the limit: what is allocated, and so what is copied, is less than twice the largest.
    expect(sizes).toEqual(Array.from({ length: 17 }, (_, power) => 2 ** power));
  });
});

/** One message in fragments that end at these places. */
function fragmentsOf(data: string | Uint8Array, places: readonly number[]): TestFrame[] {
  const pieces = piecesOf(typeof data === "string" ? new TextEncoder().encode(data) : data, places);
  return pieces.map((payload, index) => ({
    opcode: index > 0 ? CONTINUATION : typeof data === "string" ? TEXT : BINARY,
    payload,
    isFinal: index === pieces.length - 1,
  }));
}

function piecesOf(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
