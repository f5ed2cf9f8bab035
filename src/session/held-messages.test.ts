import { beforeEach, describe, expect, it } from "vitest";
import { wireError } from "../wire/errors.js";
import { HeldMessages } from "./held-messages.js";

describe("held messages", () => {
  const forNow = wireError("limit/rate", "slow down", { retryAfterMs: 20 });
  let held: HeldMessages;
  beforeEach(() => {
    held = new HeldMessages();
  });

  it("hold what is behind them on their channel, until they come again", () => {
    held.refused({ channel: "a", seq: 3 }, forNow);
    expect(held.before("a", 4)).toEqual({ seq: 3, retryAfterMs: 20 });
    expect(held.before("b", 4)).toBeUndefined();
    expect(held.before("a", 3)).toBeUndefined();
    expect(held.before("a", 4)).toBeUndefined();
  });

  it("go on holding when a message from before them comes", () => {
    held.refused({ channel: "a", seq: 3 }, forNow);
    expect(held.before("a", 2)).toBeUndefined();
    expect(held.before("a", 4)).toMatchObject({ seq: 3 });
  });

  it("are the first of those that were refused, and then the next of them", () => {
    for (const seq of [5, 3, 3, 4, 6]) held.refused({ channel: "a", seq }, forNow);
    expect(held.before("a", 4)).toMatchObject({ seq: 3 });
    expect(held.before("a", 3)).toBeUndefined();
    expect(held.before("a", 5)).toMatchObject({ seq: 4 });
    expect(held.before("a", 4)).toBeUndefined();
    expect(held.before("a", 5)).toBeUndefined();
  });

  it("are only those that come again", () => {
    held.refused({ channel: "a", seq: 3 }, wireError("message/invalid", "no"));
    held.refused({ channel: "a" }, forNow);
    expect(held.before("a", 4)).toBeUndefined();
  });

  it("are remembered for 1,000 channels", () => {
    for (let index = 0; index <= 1_000; index++) held.refused({ channel: `c${index}`, seq: 1 }, forNow);
    expect([held.before("c0", 2), held.before("c1", 2)]).toMatchObject([undefined, { seq: 1 }]);
  });
});
