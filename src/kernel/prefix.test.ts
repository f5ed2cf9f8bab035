import { expect, it } from "vitest";
import { Prefix } from "./prefix.js";

it("shows the first bytes of its memory, by the same view for the same length", () => {
  const memory = Uint8Array.of(1, 2, 3);
  const prefix = new Prefix(memory);
  expect(prefix.of(3)).toBe(memory);
  const two = prefix.of(2);
  expect([two, two.buffer === memory.buffer]).toEqual([Uint8Array.of(1, 2), true]);
  expect(prefix.of(2)).toBe(two);
  memory[0] = 7;
  expect([prefix.of(1), prefix.of(2)]).toEqual([Uint8Array.of(7), Uint8Array.of(7, 2)]);
});
