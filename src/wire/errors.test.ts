import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BusbarError } from "../kernel/errors.js";
import { errorMeanings } from "./error-meanings.js";
import {
  errorBody,
  inReplyTo,
  isRetryable,
  messageForLog,
  valueOrRefusal,
  WireError,
  wireError,
  wireErrorFrom,
} from "./errors.js";

describe("the catalogue of wire errors", () => {
  it("is the table in the documentation, in its order", () => {
    const rows = readFileSync("docs/protocol.md", "utf8").matchAll(
      /^\| `([a-z-]+\/[a-z-]+)` \| (.+) \| (yes|no) \|$/gm,
    );
    const documented = Array.from(rows, ([, code, meaning, isRetryable]) => [
      code,
      { retryable: isRetryable === "yes", meaning },
    ]);
    const known = Object.entries(errorMeanings).map(([code, meaning]) => [
      code,
      { retryable: isRetryable(code), meaning },
    ]);
    expect(documented).toEqual(known);
  });
});

describe("a wire error", () => {
  it("takes from the catalogue whether trying again can help", () => {
    expect(wireError("limit/rate", "slow down")).toMatchObject({ name: "WireError", retryable: true });
    expect(wireError("policy/denied", "no")).toMatchObject({ retryable: false });
    expect(new WireError("toString", "a code from a newer server")).toMatchObject({ retryable: false });
    expect(wireError("policy/denied", "no")).toBeInstanceOf(BusbarError);
  });

  it("travels without its cause, and arrives as it was sent", () => {
    const error = wireError("limit/rate", "slow down", { retryAfterMs: 250, cause: new Error("secret") });
    expect(errorBody(error)).toEqual({ code: "limit/rate", message: "slow down", retryable: true, retryAfterMs: 250 });
    expect(wireErrorFrom(errorBody(error), 7)).toMatchObject({ ...errorBody(error), re: 7 });
    expect(errorBody(wireError("server/internal", "broken"))).not.toHaveProperty("retryAfterMs");
  });

  it("can be made the answer to a command without losing anything", () => {
    const cause = new Error("why");
    const error = wireError("message/failed", "it failed", { retryAfterMs: 5, retryable: false, cause, reason: "why" });
    expect(inReplyTo(error, 3)).toMatchObject({ ...errorBody(error), cause, re: 3 });
  });
});

describe("reading with refusals", () => {
  it("gives the value, gives a refusal, and lets a defect through", () => {
    const refusal = wireError("wire/malformed", "no");
    const thrower = (error: unknown) => () => {
      throw error;
    };
    expect(valueOrRefusal(() => 3)).toBe(3);
    expect(valueOrRefusal(thrower(refusal))).toBe(refusal);
    expect(() => valueOrRefusal(thrower(new TypeError("a defect")))).toThrow("a defect");
  });
});

describe("an error's message", () => {
  it("is for the log, unless a schema wrote it, which may quote a secret", () => {
    expect(messageForLog(wireError("policy/denied", "ada may not"))).toBe("ada may not");
    expect(messageForLog(wireError("message/invalid", "expected a number, not hunter2"))).toBeUndefined();
    expect(messageForLog(wireError("call/invalid", "expected a number, not hunter2"))).toBeUndefined();
  });
});
