import { describe, expect, it } from "vitest";
import { LazyAbort } from "../kernel/lazy-abort.js";
import { Dropped, pipe, Rejection, type ProcessContext } from "./processor.js";

it("a rejection carries its reason, and a drop the stage that the publisher is told", () => {
  expect(new Rejection("too rude").reason).toBe("too rude");
  expect(new Dropped().stage).toBe("dropped");
});

describe("several processors as one", () => {
  const context: ProcessContext<unknown, unknown> = {
    channel: "a",
    params: {},
    principal: {},
    attempt: 1,
    idempotencyKey: "m",
    signal: new LazyAbort().signal,
    emit: () => {},
    reject: (reason: string) => new Rejection(reason),
    drop: () => new Dropped(),
  };
  const twice = (number: number): number => number * 2;
  const later = async (number: number): Promise<number> => number + 1;

  it("get each what the one before it returned", async () => {
    expect(await pipe(twice, later, twice)(1, context)).toBe(6);
    expect(await pipe<number, unknown, unknown>()(1, context)).toBe(1);
  });

  it("end with a rejection or a drop", async () => {
    const never = (): number => {
      throw new Error("nothing comes here");
    };
    expect(await pipe(twice, (_, { reject }) => reject("no"), never)(1, context)).toEqual(new Rejection("no"));
    expect(await pipe((_: number, { drop }) => drop(), never)(1, context)).toBeInstanceOf(Dropped);
  });
});
