/** All cases, and how what an engine sent is compared with what it has to send. */
import { frameRules } from "../../src/protocol/errors.js";
import type { Answer, ConformanceCase } from "./case.js";
import { closeCases } from "./close-cases.js";
import { BINARY, CLOSE, PONG, TEXT, type SentFrame } from "./frames.js";
import { framingCases } from "./framing-cases.js";
import { utf8Cases } from "./utf8-cases.js";

export const cases: readonly ConformanceCase[] = [...framingCases, ...utf8Cases, ...closeCases];

/** What has to be sent, the close frame of a failure included. */
export function expectedFrames({ answers, failure }: ConformanceCase): SentFrame[] {
  const frames = answers.map(frameOf);
  if (failure === undefined) return frames;
  const { closeCode } = frameRules[failure.code];
  return [...frames, { opcode: CLOSE, isCompressed: false, payload: closePayload(closeCode, failure.code) }];
}

function frameOf(answer: Answer): SentFrame {
  const isCompressed = false;
  switch (answer.type) {
    case "text":
      return { opcode: TEXT, isCompressed, payload: Buffer.from(answer.payload) };
    case "binary":
      return { opcode: BINARY, isCompressed, payload: Buffer.from(answer.payload) };
    case "pong":
      return { opcode: PONG, isCompressed, payload: Buffer.from(answer.payload) };
    case "close":
      return {
        opcode: CLOSE,
        isCompressed,
        payload: answer.code === undefined ? Buffer.alloc(0) : closePayload(answer.code),
      };
  }
}

function closePayload(code: number, reason = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** What was sent otherwise than expected; payloads are shown in part, some have 16 MiB. */
export function frameDifferences(actual: readonly SentFrame[], expected: readonly SentFrame[]): string[] {
  const count = Math.max(actual.length, expected.length);
  return Array.from({ length: count }, (_, index) => [actual[index], expected[index]] as const)
    .filter(
      ([sent, due]) =>
        sent?.opcode !== due?.opcode || sent?.isCompressed === true || !isSame(sent?.payload, due?.payload),
    )
    .map(([sent, due]) => `sent ${shown(sent)}, not ${shown(due)}`);
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one !== undefined && other !== undefined && one.equals(other);
}

function shown(frame: SentFrame | undefined): string {
  if (frame === undefined) return "nothing";
  return `opcode ${frame.opcode} with ${frame.payload.length} bytes, ${frame.payload.subarray(0, 40).toString("hex")}`;
}
