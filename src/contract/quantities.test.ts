import { expect, it } from "vitest";
import { bytes, milliseconds, type Duration, type Size } from "./quantities.js";

it.each<[Duration, number]>([
  [5, 5],
  ["500ms", 500],
  ["90s", 90_000],
  ["30m", 1_800_000],
  ["12h", 43_200_000],
  ["7d", 604_800_000],
])("%s are %i milliseconds", (duration, ms) => {
  expect(milliseconds(duration)).toBe(ms);
});

it.each<[Size, number]>([
  [5, 5],
  ["512KiB", 524_288],
  ["64MiB", 67_108_864],
  ["1GiB", 1_073_741_824],
])("%s are %i bytes", (size, count) => {
  expect(bytes(size)).toBe(count);
});

it.each([0, -1, Number.NaN, "7", "d", "", "7 d", "-1d", "0d", "1.5d", "7x", "7constructor"])(
  "%j is neither",
  (value) => {
    // @ts-expect-error some of these are none by their types, too
    expect(() => milliseconds(value)).toThrow(
      `history.for is a time: milliseconds, or such as "7d", "12h", "30m", "90s"; not ${value}`,
    );
    // @ts-expect-error some of these are none by their types, too
    expect(() => bytes(value)).toThrow(expect.objectContaining({ code: "contract/invalid-history" }));
  },
);
