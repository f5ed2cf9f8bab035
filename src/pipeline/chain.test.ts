import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Chain, type Link } from "./chain.js";

describe("a chain", () => {
  it("has the first one at hand, whoever leaves", () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (numbers) => {
        const chain = new Chain<number>();
        const links: Link<number>[] = [];
        for (const number of numbers) {
          const leaving = links[number % 5];
          if (number % 3 > 0 || leaving === undefined) {
            links.push(chain.append(number));
          } else {
            chain.remove(leaving);
            links.splice(number % 5, 1);
          }
          expect(chain.first).toBe(links[0]?.item);
        }
        for (const link of links) {
          expect(chain.first).toBe(link.item);
          chain.remove(link);
        }
        expect(chain.first).toBeUndefined();
      }),
    );
  });
});
