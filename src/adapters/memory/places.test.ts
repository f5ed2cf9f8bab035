import fc from "fast-check";
import { expect, it } from "vitest";
import { Places } from "./places.js";

it("places come out in their order, whatever was added and removed, behind any of them", () => {
  const step = fc.record({ place: fc.integer({ min: 1, max: 300 }), isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 500, size: "max" }), fc.integer({ min: 0, max: 301 }), (steps, after) => {
      const places = new Places();
      const expected = new Set<number>();
      for (const { isAdded, place } of steps) {
        if (isAdded) places.add(place);
        else places.remove(place);
        if (isAdded) expected.add(place);
        else expected.delete(place);
      }
      const behind = [...expected].filter((place) => place > after).toSorted((one, other) => one - other);
      expect([...places.behind(after)]).toEqual(behind);
    }),
  );
});

it("what was removed is not passed for ever", () => {
  const places = new Places();
  for (let place = 1; place <= 100_000; place++) places.add(place);
  for (let place = 1; place < 100_000; place++) places.remove(place);
  expect([...places.behind(0)]).toEqual([100_000]);
  places.add(1);
  expect([...places.behind(0)]).toEqual([1, 100_000]);
});
