import { expect, it } from "vitest";
import { isClientId } from "./client-id.js";

it.each([
  ["0123456789abcdef", true],
  ["A-Za-z0-9_-".repeat(5), true],
  ["0123456789abcde", false],
  ["x".repeat(65), false],
  ["0123456789abcde f", false],
  ["0123456789abcdef\n", false],
])("%j can name a client: %s", (id, isIt) => {
  expect(isClientId(id)).toBe(isIt);
});
