import { expect, it } from "vitest";
import { randomHex } from "./random-hex.js";

it("a random name is two digits for each byte of the source", () => {
  const random = { fill: (target: Uint8Array) => target.set([0, 1, 0xab, 255]), fraction: () => 0 };
  expect(randomHex(random, 4)).toBe("0001abff");
});
