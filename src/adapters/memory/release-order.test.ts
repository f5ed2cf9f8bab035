import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReleaseOrder } from "./release-order.js";

describe("the order in which things were released", () => {
  it("is kept whatever is added and taken", () => {
    const step = fc.record({ kind: fc.constantFrom("add", "add", "take", "takeOldest"), name: fc.nat(6).map(String) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const order = new ReleaseOrder<{ name: string }>(({ name }) => name);
        let model: string[] = [];
        for (const { kind, name } of steps) {
          if (kind === "add") {
            if (model.includes(name)) continue;
            order.add({ name });
            model.push(name);
          } else {
            const wanted = kind === "take" ? name : model[0];
            const taken = kind === "take" ? order.take(name) : order.takeOldest();
            expect(taken?.name).toBe(model.find((other) => other === wanted));
            model = model.filter((other) => other !== wanted);
          }
          expect(order.size).toBe(model.length);
        }
        for (const name of model) expect(order.takeOldest()?.name).toBe(name);
        expect(order.takeOldest()).toBeUndefined();
      }),
    );
  });

  it("is empty when it was cleared", () => {
    const order = new ReleaseOrder<string>((name) => name);
    order.add("a");
    order.add("b");
    order.clear();
    expect([order.size, order.takeOldest(), order.take("a")]).toEqual([0, undefined, undefined]);
    order.add("c");
    expect(order.takeOldest()).toBe("c");
  });
});
