import { expect, it } from "vitest";
import { roomContract } from "../../test/support/session-world.js";
import { processorTable } from "./processor-table.js";

it("processors are found by their patterns", () => {
  const processor = (message: unknown) => message;
  expect([...processorTable(roomContract, { "chat/:room": processor })]).toEqual([["chat/:room", processor]]);
});

it.each(["chat/:rooms", "toString", "__proto__"])(
  "a processor of %s, which the contract does not have, is refused",
  (pattern) => {
    const processors = Object.fromEntries([[pattern, () => 1]]);
    expect(() => processorTable(roomContract, processors)).toThrow(
      expect.objectContaining({ code: "server/no-such-pattern" }),
    );
  },
);

it("a processor that is no function is refused", () => {
  expect(() => processorTable(roomContract, { "chat/:room": "censor" })).toThrow(
    expect.objectContaining({ code: "server/no-processor" }),
  );
});
