import { expect, it } from "vitest";
import { wireError } from "../wire/errors.js";
import type { Command, CursorRequest } from "../wire/messages.js";
import type { Outcome, Question } from "./request-table.js";
import { resumeAll, type Resumable } from "./resumption.js";

interface Sent {
  readonly command: Command;
  readonly answer: (outcome: Outcome<"resume">) => void;
}

/** Feeds of these channels, what they were told, and what was sent. */
function begin(channels: readonly (string | undefined)[], bytesMax = 65_536) {
  const told: unknown[] = [];
  const feeds: Resumable[] = channels.map((channel) => ({
    takeCursor: (): CursorRequest | undefined => (channel === undefined ? undefined : { channel, from: "now" }),
    resumed: (outcome) => told.push(outcome),
  }));
  const sent: Sent[] = [];
  const request = (question: Question<"resume">, onOutcome: (outcome: Outcome<"resume">) => void): void => {
    sent.push({ command: { id: sent.length + 1, ...question }, answer: onOutcome });
  };
  // The one command that is asked for here.
  resumeAll(feeds, { request: request as never }, bytesMax);
  const lengths = sent.map(({ command }) => (command.do === "resume" ? command.cursors.length : 0));
  return { told, sent, lengths };
}

const position = { epoch: "e", offset: 3 };

it("all cursors that are wanted leave in one command, and each has its own answer", () => {
  const { sent, told } = begin(["a", undefined, "b"]);
  expect(sent.map(({ command }) => command)).toEqual([
    {
      id: 1,
      do: "resume",
      cursors: [
        { channel: "a", from: "now" },
        { channel: "b", from: "now" },
      ],
    },
  ]);
  const error = { code: "policy/denied", message: "no", retryable: false };
  sent[0]?.answer({ kind: "ok", ok: { cursors: [{ position }, { error }] } });
  expect(told).toMatchObject([
    { kind: "ok", ok: { position } },
    { kind: "refused", error: { code: "policy/denied", message: "no" } },
  ]);
});

it("nothing is sent where nothing is wanted", () => {
  expect(begin([undefined]).sent).toEqual([]);
  expect(begin([]).sent).toEqual([]);
});

it.each([{ kind: "lost" }, { kind: "refused", error: wireError("limit/rate", "") }] as const)(
  "what becomes of the command becomes of each cursor: $kind",
  (outcome) => {
    const { sent, told } = begin(["a", "b"]);
    sent[0]?.answer(outcome);
    expect(told).toEqual([outcome, outcome]);
  },
);

it("a cursor that the server leaves out is refused", () => {
  const { sent, told } = begin(["a", "b"]);
  sent[0]?.answer({ kind: "ok", ok: { cursors: [{ position }] } });
  expect(told[1]).toMatchObject({ kind: "refused", error: { code: "wire/malformed" } });
});

it("no command has more cursors, or more bytes, than a server takes", () => {
  const many = Array.from({ length: 2_500 }, (_, index) => `c${index}`);
  expect(begin(many, 1e9).lengths).toEqual([1_000, 1_000, 500]);
  const { sent, lengths } = begin(many.slice(0, 100), 1_000);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(100);
  expect(Math.max(...sent.map(({ command }) => JSON.stringify(command).length))).toBeLessThanOrEqual(1_000);
  expect(lengths.length).toBeLessThan(6);
});
