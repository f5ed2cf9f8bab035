/** What is sent to and fro in each of these tests. */
import { SeededRandom } from "../../src/testing/seeded-random.js";

const MEBIBYTE = 1024 * 1024;

export interface Message {
  readonly name: string;
  readonly data: string | Uint8Array;
}

function noise(bytes: number): Uint8Array {
  const content = new Uint8Array(bytes);
  new SeededRandom(7692).fill(content);
  return content;
}

export const messages: readonly Message[] = [
  { name: "a text", data: "hello" },
  { name: "an empty text", data: "" },
  { name: "a text beyond ASCII", data: "grüße, κόσμε, \u{1f30d}\u{1f9d1}\u200d\u{1f680}" },
  { name: "a text with a NUL", data: "a\u0000b" },
  { name: "some bytes", data: new Uint8Array([0, 1, 127, 128, 255]) },
  { name: "no bytes", data: new Uint8Array(0) },
  { name: "a text of 1 MiB", data: "ü".repeat(MEBIBYTE / 2) },
  { name: "bytes of 1 MiB that compress well", data: new Uint8Array(MEBIBYTE).fill(7) },
  { name: "bytes of 1 MiB that do not compress", data: noise(MEBIBYTE) },
];

const whole = Buffer.from(`grüße, ${"and more ".repeat(1000)}`);

/** The pieces of one text, empty ones among them; two of them end within a character. */
export const pieces: readonly Buffer[] = [0, 3, 3, 5, 100, 100, whole.length].map((end, index, ends) =>
  whole.subarray(ends[index - 1] ?? 0, end),
);

export const wholeText: string = whole.toString();

/** A message as another package hands it over, in our terms. */
export function received(data: unknown, isBinary: boolean): string | Uint8Array {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer);
  return isBinary ? new Uint8Array(bytes) : bytes.toString();
}

/** Whether two messages are the same; `toEqual` takes seconds for a mebibyte. */
export function isSame(one: unknown, other: string | Uint8Array): boolean {
  if (typeof one === "string" || typeof other === "string") return one === other;
  return one instanceof Uint8Array && Buffer.compare(one, other) === 0;
}
