import { beforeEach, describe, expect, it } from "vitest";
import { AppendLine, type Publishing } from "./append-line.js";
import type { Draft } from "./store.js";

const draft = (payload: string): Draft => ({ payload, from: "ada", at: 0, origin: undefined });
const payloads = (messages: readonly Publishing[]): string[] => messages.map(({ draft: { payload } }) => payload);

describe("the line of those who wait to append", () => {
  let line: AppendLine;
  /** What is next: payloads, or "turn" for who has it now. */
  const next = (max: number): readonly string[] | "turn" | undefined => {
    const taken = line.takeNext(max);
    if (taken === undefined) return undefined;
    if (!("promise" in taken)) return payloads(taken);
    taken.resolve();
    return "turn";
  };
  beforeEach(() => {
    line = new AppendLine();
  });

  /** Nobody looks at these receipts. */
  const publish = (...all: readonly string[]): void => {
    for (const payload of all) line.joinWith(draft(payload)).catch(() => {});
  };

  it("gives messages in batches, up to a number and up to who waits for a turn", async () => {
    publish("1", "2", "3");
    const turn = line.joinForTurn();
    publish("4");
    expect([next(2), next(2), next(2), next(2), next(2)]).toEqual([["1", "2"], ["3"], "turn", ["4"], undefined]);
    await turn;
  });

  it("gives all messages at once, and keeps those who wait for turns", () => {
    publish("1");
    line.joinForTurn().catch(() => {});
    publish("2");
    expect(payloads(line.takeAllMessages())).toEqual(["1", "2"]);
    expect([next(9), next(9)]).toEqual(["turn", undefined]);
  });
});
