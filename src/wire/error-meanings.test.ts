import { expect, it } from "vitest";
import { errorMeanings } from "./error-meanings.js";

it("every code is an area and what went wrong in it, with a meaning in one line", () => {
  for (const [code, meaning] of Object.entries(errorMeanings)) {
    expect(code).toMatch(/^[a-z]+\/[a-z-]+$/);
    expect(meaning).toMatch(/^\S.{10,120}\S$/);
  }
});
