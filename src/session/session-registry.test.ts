import { expect, it } from "vitest";
import { SessionRegistry } from "./session-registry.js";

const session = () => {
  const seen = { replacements: 0, replaced: () => void seen.replacements++ };
  return seen;
};

it("has one session of a name: a second takes the place of the first", () => {
  const registry = new SessionRegistry();
  const [first, second] = [session(), session()];
  registry.enter("a", first);
  registry.enter("b", session());
  registry.enter("a", second);
  expect([first.replacements, second.replacements, registry.size]).toEqual([1, 0, 2]);
  registry.leave("a", first);
  expect(registry.size).toBe(2);
  registry.leave("a", second);
  expect(registry.size).toBe(1);
});
