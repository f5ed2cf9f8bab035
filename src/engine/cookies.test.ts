import { describe, expect, it } from "vitest";
import { parseCookies } from "./cookies.js";

describe("a Cookie header", () => {
  it.each([
    [undefined, []],
    ["", []],
    ["a=1", [["a", "1"]]],
    [
      "a=1; b=2;c=3",
      [
        ["a", "1"],
        ["b", "2"],
        ["c", "3"],
      ],
    ],
    ["a=1; a=2", [["a", "1"]]],
    [
      'a="quoted"; b="; c="',
      [
        ["a", "quoted"],
        ["b", '"'],
        ["c", '"'],
      ],
    ],
    ["a=b=c", [["a", "b=c"]]],
    ["no-value; a=1; =nameless; ;", [["a", "1"]]],
    ["empty=", [["empty", ""]]],
    [
      "__proto__=1; constructor=2",
      [
        ["__proto__", "1"],
        ["constructor", "2"],
      ],
    ],
  ])("%j is read into names and values", (header, expected) => {
    expect([...parseCookies(header)]).toEqual(expected);
  });
});
