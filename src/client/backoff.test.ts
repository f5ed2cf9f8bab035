import { expect, it } from "vitest";
import { Backoff } from "./backoff.js";

const options = { reconnectDelayMs: 500, reconnectDelayMsMax: 20_000 };
const fixed = (fraction: number) => ({ fill: () => {}, fraction: () => fraction });

it("the limit of the delay doubles from 0.5 s to 20 s, and begins again after a good connection", () => {
  const backoff = new Backoff(options, fixed(1));
  const delays = Array.from({ length: 8 }, () => backoff.nextDelayMs());
  expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  backoff.reset();
  expect(backoff.nextDelayMs()).toBe(500);
});

it("the delay is anywhere below the limit, so that clients do not come back together", () => {
  expect(new Backoff(options, fixed(0)).nextDelayMs()).toBe(0);
  expect(new Backoff(options, fixed(0.25)).nextDelayMs()).toBe(125);
});

it("a delay without hurry is from half of the longest to the longest", () => {
  expect([0, 0.5, 1].map((fraction) => new Backoff(options, fixed(fraction)).longDelayMs())).toEqual([
    10_000, 15_000, 20_000,
  ]);
});
