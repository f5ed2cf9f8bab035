/** Section 6: UTF-8, failed at the first byte that is none. */
import { echo, fragments, text, type ConformanceCase } from "./case.js";
import { TEXT } from "./frames.js";

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");

function valid(id: string, title: string, payload: Buffer): ConformanceCase[] {
  const answers = [echo(payload.toString())];
  const characters = Array.from(payload.toString(), (character) => Buffer.from(character));
  const singleBytes = Array.from(payload, (byte) => Buffer.of(byte));
  return [
    { id, title, frames: [text(payload)], answers },
    { id: `${id}b`, title: `${title}, in a fragment a character`, frames: fragments(TEXT, ...characters), answers },
    { id: `${id}c`, title: `${title}, in a fragment a byte`, frames: fragments(TEXT, ...singleBytes), answers },
  ];
}

/** A text that fails with the byte at `index`; with `payload.length` where it only ends too soon. */
function invalid(id: string, title: string, payload: Buffer, index: number): ConformanceCase[] {
  const code = "message/not-utf8";
  const last = payload.length - 1;
  const singleBytes = Array.from(payload, (byte) => Buffer.of(byte));
  return [
    {
      id,
      title,
      frames: [text(payload)],
      answers: [],
      failure: { code, at: { frame: 0, payload: Math.min(index, last) } },
    },
    {
      id: `${id}b`,
      title: `${title}, in a fragment a byte`,
      frames: fragments(TEXT, ...singleBytes),
      answers: [],
      failure: { code, at: { frame: Math.min(index, last), payload: 0 } },
    },
  ];
}

const hello = "Hello-µ@ßöäüàá-UTF-8!!";
/** Kosme with its omicron as U+1F79, in three bytes. */
const kosme = hex("ceba e1bdb9 cf83 cebc ceb5");
const surrogate = Buffer.concat([kosme, hex("eda080"), Buffer.from("edited")]);
const tooHigh = Buffer.concat([kosme, hex("f4908080"), Buffer.from("edited")]);

const empty: readonly ConformanceCase[] = [
  { id: "6.1.1", title: "an empty text", frames: [text("")], answers: [echo("")] },
  { id: "6.1.2", title: "three empty fragments", frames: fragments(TEXT, "", "", ""), answers: [echo("")] },
  {
    id: "6.1.3",
    title: "an empty fragment on each side of one that is not",
    frames: fragments(TEXT, "", "middle frame payload", ""),
    answers: [echo("middle frame payload")],
  },
];

/** Markus Kuhn's test file, and what the suite adds to it. */
const validTexts: readonly (readonly [string, string, Buffer])[] = [
  ["6.2.1", "text of several scripts", Buffer.from(hello)],
  ["6.5.1", "the Greek word kosme", kosme],
  ...[2, 5, 7, 9, 11].map(
    (length) => [`6.6.${length}`, `the word's first ${length} bytes`, kosme.subarray(0, length)] as const,
  ),
  ...["00", "c280", "e0a080", "f0908080"].map((digits, index) => shortest("6.7", index, digits)),
  ...["7f", "dfbf", "efbfbf", "f48fbfbf"].map((digits, index) => shortest("6.9", index, digits)),
  ...["ed9fbf", "ee8080", "efbfbd", "f48fbfbf"].map((digits, index) => shortest("6.11", index, digits)),
  ...noncharacters().map((digits, index) => shortest("6.22", index, digits)),
  ...["efbfb9", "efbfba", "efbfbb", "efbfbc", "efbfbd", "efbfbe", "efbfbf"].map((digits, index) =>
    shortest("6.23", index, digits),
  ),
];

function shortest(section: string, index: number, digits: string): readonly [string, string, Buffer] {
  return [`${section}.${index + 1}`, `the character ${digits}`, hex(digits)];
}

/** The last two characters of each plane (Unicode, 23.7): unusual, and valid. */
function noncharacters(): string[] {
  return Array.from({ length: 17 }, (_, plane) => plane * 0x1_0000).flatMap((plane) =>
    [0xfffe, 0xffff].map((last) => Buffer.from(String.fromCodePoint(plane + last)).toString("hex")),
  );
}

const invalidTexts: readonly (readonly [string, string, Buffer, number])[] = [
  ["6.3.1", "a surrogate in the middle", surrogate, kosme.length + 1],
  ["6.4.1", "a character above U+10FFFF in the middle", tooHigh, kosme.length + 1],
  // Each prefix of the word that ends within a character: nothing is wrong before the end.
  ...[1, 3, 4, 6, 8, 10].map(
    (length) => [`6.6.${length}`, `the word's first ${length} bytes`, kosme.subarray(0, length), length] as const,
  ),
  ...truncated("6.8", ["f8 88 80 80 80", "fc 84 80 80 80 80"], 0),
  ...truncated("6.10", ["f7 bf bf bf", "fb bf bf bf bf", "fd bf bf bf bf bf"], 0),
  ["6.11.5", "the bytes f4 90 80 80", hex("f4908080"), 1],
  ...truncated("6.12", ["80", "bf", "80 bf", "80 bf 80", "80 bf 80 bf", "80 bf 80 bf 80", "80 bf 80 bf 80 bf"], 0),
  ...truncated("6.13", ["c0 20 c1 20 c2 20", "e0 20 e1 20", "f0 20 f1 20", "f8 20 f9 20", "fc 20 fd 20"], undefined),
  ...truncated("6.14", ["c0", "e0 80", "f0 80 80", "f8 80 80 80", "fc 80 80 80 80"], undefined),
  ...truncated("6.14b", ["df", "ef bf", "f7 bf bf", "fb bf bf bf", "fd bf bf bf bf"], undefined),
  ...truncated("6.15", ["c0 e0 80 f0 80 80 f8 80 80 80 fc 80 80 80 80 df ef bf f7 bf bf"], 0),
  ...truncated("6.16", ["fe", "ff", "fe fe ff ff"], 0),
  ...truncated("6.17", ["c0 af", "e0 80 af", "f0 80 80 af", "f8 80 80 80 af", "fc 80 80 80 80 af"], undefined),
  ...truncated("6.18", ["c1 bf", "e0 9f bf", "f0 8f bf bf", "f8 87 bf bf bf", "fc 83 bf bf bf bf"], undefined),
  ...truncated("6.19", ["c0 80", "e0 80 80", "f0 80 80 80", "f8 80 80 80 80", "fc 80 80 80 80 80"], undefined),
  ...truncated("6.20", ["ed a0 80", "ed ad bf", "ed ae 80", "ed af bf", "ed b0 80", "ed be 80", "ed bf bf"], 1),
  ...truncated("6.21", ["ed a0 80 ed b0 80", "ed ad bf ed bf bf", "ed ae 80 ed b0 80", "ed af bf ed bf bf"], 1),
];

/** Byte sequences of one section; where the index is not the same for all, the tables of Unicode 15 (3-7) tell it. */
function truncated(
  section: string,
  sequences: readonly string[],
  index: number | undefined,
): (readonly [string, string, Buffer, number])[] {
  return sequences.map((sequence, number) => {
    const payload = hex(sequence);
    return [`${section}.${number + 1}`, `the bytes ${sequence}`, payload, index ?? firstBadByte(payload)] as const;
  });
}

/** The index of the first byte that no well-formed text can have there: the shortest prefix that cannot be completed. */
function firstBadByte(payload: Buffer): number {
  for (let length = 1; length <= payload.length; length++) if (!canGoOn(payload.subarray(0, length))) return length - 1;
  return payload.length;
}

/** Whether some bytes behind the prefix make it well-formed: tried out, with all tails that matter. */
function canGoOn(prefix: Buffer): boolean {
  const tails = ["", "80", "a0", "8080", "9080", "a080", "bf80", "808080", "908080", "8f8080", "80808080"];
  return tails.some((tail) => isWellFormed(Buffer.concat([prefix, hex(tail)])));
}

function isWellFormed(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

export const utf8Cases: readonly ConformanceCase[] = [
  ...empty,
  ...validTexts.flatMap(([id, title, payload]) => valid(id, title, payload)),
  ...invalidTexts.flatMap(([id, title, payload, index]) => invalid(id, title, payload, index)),
];
