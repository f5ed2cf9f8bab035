import { expect, it } from "vitest";
import { emittedOrigin, messageId, ownOrigin } from "./message-id.js";

it("a message has the same id for each repeat of its publish, and another one elsewhere", () => {
  const id = messageId("a", { producer: "p", sequence: 1 });
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(messageId("a", { producer: "p", sequence: 1 })).toBe(id);
  const others = [messageId("b", { producer: "p", sequence: 1 }), messageId("a", { producer: "p", sequence: 2 })];
  expect(new Set([id, ...others]).size).toBe(3);
  expect(messageId("a", undefined)).toBeUndefined();
});

it("what comes out of a message is told apart by its number", () => {
  expect(ownOrigin("x")).toEqual({ producer: "message.x", sequence: 1 });
  expect([0, 1].map((index) => emittedOrigin("x", index).sequence)).toEqual([2, 3]);
});
