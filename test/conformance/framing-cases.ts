/** Sections 1 to 5, 9 and 10: frames, pings, reserved bits, opcodes, fragments, sizes. */
import type { FrameErrorCode } from "../../src/protocol/errors.js";
import {
  binary,
  echo,
  echoBytes,
  fragments,
  ping,
  pong,
  ponged,
  text,
  type Answer,
  type ConformanceCase,
  type FailurePoint,
} from "./case.js";
import { BINARY, CONTINUATION, PING, PONG, TEXT, type TestFrame } from "./frames.js";

const bytes = (length: number, value = 0xfe): Uint8Array => new Uint8Array(length).fill(value);
const inPieces = (payload: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(payload.length / size) }, (_, index) =>
    payload.subarray(index * size, (index + 1) * size),
  );

interface Failing {
  readonly id: string;
  readonly title: string;
  readonly frames: readonly TestFrame[];
  readonly answers?: readonly Answer[];
  readonly code: FrameErrorCode;
  readonly at: FailurePoint;
}

function failing({ answers = [], at, code, ...rest }: Failing): ConformanceCase {
  return { ...rest, answers, failure: { code, at } };
}

const lengths = [0, 125, 126, 127, 128, 65_535, 65_536];

const framing: readonly ConformanceCase[] = lengths.flatMap((length, index) => [
  {
    id: `1.1.${index + 1}`,
    title: `a text of ${length} bytes`,
    frames: [text("*".repeat(length))],
    answers: [echo("*".repeat(length))],
  },
  {
    id: `1.2.${index + 1}`,
    title: `${length} bytes`,
    frames: [binary(bytes(length))],
    answers: [echoBytes(bytes(length))],
  },
]);

const tenPings = Array.from({ length: 10 }, (_, index) => `payload-${index}`);

const pings: readonly ConformanceCase[] = [
  { id: "2.1", title: "a ping without payload", frames: [ping("")], answers: [ponged("")] },
  { id: "2.2", title: "a ping with text", frames: [ping("Hello, world!")], answers: [ponged("Hello, world!")] },
  {
    id: "2.3",
    title: "a ping with bytes that are no text",
    frames: [ping(Buffer.from([0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff]))],
    answers: [ponged(Buffer.from([0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff]))],
  },
  { id: "2.4", title: "a ping of 125 bytes", frames: [ping(bytes(125))], answers: [ponged(bytes(125))] },
  failing({
    id: "2.5",
    title: "a ping of 126 bytes",
    frames: [ping(bytes(126))],
    code: "frame/control-too-long",
    at: { frame: 0, header: 1 },
  }),
  { id: "2.7", title: "a pong that nobody asked for, empty", frames: [pong("")], answers: [] },
  { id: "2.8", title: "a pong that nobody asked for", frames: [pong("unsolicited")], answers: [] },
  {
    id: "2.9",
    title: "a pong that nobody asked for, then a ping",
    frames: [pong("unsolicited"), ping("ping payload")],
    answers: [ponged("ping payload")],
  },
  { id: "2.10", title: "ten pings", frames: tenPings.map(ping), answers: tenPings.map(ponged) },
];

const at = (frame: number): FailurePoint => ({ frame, header: 0 });

const reserved: readonly ConformanceCase[] = [
  failing({
    id: "3.1",
    title: "RSV 1",
    frames: [{ ...text("*"), reserved: 1 }],
    code: "frame/reserved-bits",
    at: at(0),
  }),
  ...[2, 3, 4].map((bits) =>
    failing({
      id: `3.${bits}`,
      title: `a message, then RSV ${bits}, then a ping`,
      frames: [text("Hello, world!"), { ...text("Hello, world!"), reserved: bits }, ping("")],
      answers: [echo("Hello, world!")],
      code: "frame/reserved-bits",
      at: at(1),
    }),
  ),
  failing({
    id: "3.5",
    title: "a binary message with RSV 5",
    frames: [{ ...binary(bytes(8)), reserved: 5 }],
    code: "frame/reserved-bits",
    at: at(0),
  }),
  failing({
    id: "3.6",
    title: "a ping with RSV 6",
    frames: [{ ...ping("Hello, world!"), reserved: 6 }],
    code: "frame/reserved-bits",
    at: at(0),
  }),
  failing({
    id: "3.7",
    title: "a close with RSV 7",
    frames: [{ opcode: 0x8, reserved: 7 }],
    code: "frame/reserved-bits",
    at: at(0),
  }),
];

const opcodes: readonly ConformanceCase[] = [
  [1, [3, 4, 5, 6, 7]],
  [2, [11, 12, 13, 14, 15]],
].flatMap(([part, codes]) =>
  (codes as number[]).flatMap((opcode, index) => {
    const id = `4.${String(part)}.${index + 1}`;
    const code = "frame/reserved-opcode";
    return [
      failing({ id, title: `opcode ${opcode}`, frames: [{ opcode }], code, at: at(0) }),
      failing({
        id: `${id}b`,
        title: `a message, then opcode ${opcode} with a payload, then a ping`,
        frames: [text("Hello, world!"), { opcode, payload: "reserved" }, ping("")],
        answers: [echo("Hello, world!")],
        code,
        at: at(1),
      }),
    ];
  }),
);

const fragmentation: readonly ConformanceCase[] = [
  failing({
    id: "5.1",
    title: "a ping in two fragments",
    frames: fragments(PING, "fragment1", "fragment2"),
    code: "frame/control-fragmented",
    at: at(0),
  }),
  failing({
    id: "5.2",
    title: "a pong in two fragments",
    frames: fragments(PONG, "fragment1", "fragment2"),
    code: "frame/control-fragmented",
    at: at(0),
  }),
  {
    id: "5.3",
    title: "a text in two fragments",
    frames: fragments(TEXT, "fragment1", "fragment2"),
    answers: [echo("fragment1fragment2")],
  },
  {
    id: "5.6",
    title: "a ping between two fragments",
    frames: between(fragments(TEXT, "fragment1", "fragment2"), ping("ping payload")),
    answers: [ponged("ping payload"), echo("fragment1fragment2")],
  },
  ...[true, false].flatMap((isFinal) => [
    failing({
      id: isFinal ? "5.9" : "5.12",
      title: `a continuation of nothing, ${isFinal ? "final" : "not final"}, then a message`,
      frames: [{ opcode: CONTINUATION, payload: "non-continuation payload", isFinal }, text("Hello, world!")],
      code: "message/nothing-to-continue",
      at: at(0),
    }),
  ]),
  failing({
    id: "5.15",
    title: "a message in two fragments, then a continuation of nothing, then a message",
    frames: [
      ...fragments(TEXT, "fragment1", "fragment2"),
      { opcode: CONTINUATION, payload: "fragment3", isFinal: false },
      text("fragment4"),
    ],
    answers: [echo("fragment1fragment2")],
    code: "message/nothing-to-continue",
    at: at(2),
  }),
  ...[
    { id: "5.16", isFinal: false },
    { id: "5.17", isFinal: true },
  ].map(({ id, isFinal }) =>
    failing({
      id,
      title: "a continuation of nothing before a text in two fragments, twice",
      frames: [{ opcode: CONTINUATION, payload: "fragment1", isFinal }, ...fragments(TEXT, "fragment2", "fragment3")],
      code: "message/nothing-to-continue",
      at: at(0),
    }),
  ),
  failing({
    id: "5.18",
    title: "a text in two frames that both begin it",
    frames: [{ ...text("fragment1"), isFinal: false }, text("fragment2")],
    code: "message/not-finished",
    at: at(1),
  }),
  {
    id: "5.19",
    title: "a text in five fragments with two pings between",
    frames: fragments(TEXT, "fragment1", "fragment2", "fragment3", "fragment4", "fragment5").flatMap((frame, index) =>
      index === 2 || index === 4 ? [ping(`pongme ${index / 2}!`), frame] : [frame],
    ),
    answers: [ponged("pongme 1!"), ponged("pongme 2!"), echo("fragment1fragment2fragment3fragment4fragment5")],
  },
];

function between(frames: readonly TestFrame[], other: TestFrame): TestFrame[] {
  return frames.flatMap((frame, index) => (index === 0 ? [frame] : [other, frame]));
}

const KIB = 1024;
const sizes = [64 * KIB, 256 * KIB, 1024 * KIB, 4096 * KIB, 8192 * KIB, 16_384 * KIB];

const limits: readonly ConformanceCase[] = [
  ...sizes.flatMap((size, index) => [
    {
      id: `9.1.${index + 1}`,
      title: `a text of ${size / KIB} KiB`,
      frames: [text("B".repeat(size))],
      answers: [echo("B".repeat(size))],
    },
    {
      id: `9.2.${index + 1}`,
      title: `${size / KIB} KiB`,
      frames: [binary(bytes(size))],
      answers: [echoBytes(bytes(size))],
    },
  ]),
  ...[64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1024 * KIB].flatMap((size, index) => [
    {
      id: `9.3.${index + 1}`,
      title: `a text of 1 MiB in fragments of ${size} bytes`,
      frames: fragments(TEXT, ...inPieces(bytes(1024 * KIB, 0x42), size)),
      answers: [echo("B".repeat(1024 * KIB))],
    },
    {
      id: `9.4.${index + 1}`,
      title: `1 MiB in fragments of ${size} bytes`,
      frames: fragments(BINARY, ...inPieces(bytes(1024 * KIB), size)),
      answers: [echoBytes(bytes(1024 * KIB))],
    },
  ]),
  ...[0, 16, 64, 256, KIB, 4 * KIB].flatMap((size, index) => [
    {
      id: `9.7.${index + 1}`,
      title: `250 texts of ${size} bytes`,
      frames: Array.from({ length: 250 }, () => text("*".repeat(size))),
      answers: Array.from({ length: 250 }, () => echo("*".repeat(size))),
    },
    {
      id: `9.8.${index + 1}`,
      title: `250 messages of ${size} bytes`,
      frames: Array.from({ length: 250 }, () => binary(bytes(size))),
      answers: Array.from({ length: 250 }, () => echoBytes(bytes(size))),
    },
  ]),
];

const autoFragments: readonly ConformanceCase[] = [
  {
    id: "10.1.1",
    title: "a text of 64 KiB in fragments of 1,300 bytes",
    frames: fragments(TEXT, ...inPieces(bytes(65_536, 0x2a), 1300)),
    answers: [echo("*".repeat(65_536))],
  },
];

/** What the suite leaves out and RFC 6455, 5.2, demands: the shortest length. */
const strictness: readonly ConformanceCase[] = ([2, 8] as const).map((lengthBytes) =>
  failing({
    id: `0.1.${lengthBytes}`,
    title: `a length that fits a shorter form, in ${lengthBytes} bytes`,
    frames: [{ ...text("*".repeat(lengthBytes === 2 ? 125 : 65_535)), lengthBytes }],
    code: "frame/length-not-minimal",
    at: { frame: 0, header: 1 + lengthBytes },
  }),
);

export const framingCases: readonly ConformanceCase[] = [
  ...strictness,
  ...framing,
  ...pings,
  ...reserved,
  ...opcodes,
  ...fragmentation,
  ...limits,
  ...autoFragments,
];
