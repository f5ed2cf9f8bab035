import { expect, it } from "vitest";
import { hexOf } from "./hex.js";

it("bytes are written as two digits each", () => {
  expect(hexOf(new Uint8Array([0, 15, 16, 255]))).toBe("000f10ff");
  expect(hexOf(new Uint8Array())).toBe("");
});
