import { expect, it } from "vitest";
import { wireError } from "../wire/errors.js";
import { restMs } from "./rest.js";

it("waits as long as the server says, and a second where it does not", () => {
  expect(restMs(wireError("limit/rate", "slow down", { retryAfterMs: 250 }))).toBe(250);
  expect(restMs(wireError("server/busy", "later"))).toBe(1_000);
});
