import { expect, it } from "vitest";
import { emittedOrigin, MessageIds, ownOrigin } from "./message-id.js";

it("a message has the same id for each repeat of its publish, and another one elsewhere", () => {
  const id = new MessageIds().of("a", { producer: "p", sequence: 1 });
  expect(id).toMatch(/^[0-9a-f]{24}\.1$/);
  const ids = new MessageIds();
  const others = [
    ids.of("b", { producer: "p", sequence: 1 }),
    ids.of("a", { producer: "p", sequence: 2 }),
    ids.of("a", { producer: "q", sequence: 1 }),
  ];
  expect(new Set([id, ...others]).size).toBe(4);
  // However many others there were meanwhile.
  for (let producer = 0; producer < 5_000; producer++) ids.of("a", { producer: String(producer), sequence: 1 });
  const again = [1, 2].map(() => ids.of("a", { producer: "p", sequence: 1 }));
  expect(again).toEqual([id, id]);
});

it("what comes out of a message is told apart by its number", () => {
  expect(ownOrigin("x")).toEqual({ producer: "message.x", sequence: 1 });
  expect([0, 1].map((index) => emittedOrigin("x", index).sequence)).toEqual([2, 3]);
});
