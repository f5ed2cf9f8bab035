import { expect, it } from "vitest";
import { roomContract } from "../../test/support/session-world.js";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { operatorCalls } from "../contract/operator-calls.js";
import { processorTable } from "./processor-table.js";
import { queueDefaults, queued } from "./queued.js";

it("processors are found by their patterns", () => {
  const processor = (message: unknown) => message;
  const { processors, queued: later } = processorTable(roomContract, { "chat/:room": processor });
  expect([...processors]).toEqual([["chat/:room", processor]]);
  expect([...later]).toEqual([]);
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

it("a processor can be queued, or be with the workers alone; every channel has a queue", () => {
  const processor = (message: unknown) => message;
  const table = processorTable(roomContract, { "chat/:room": queued(processor, { attemptsMax: 2 }) });
  expect([...table.processors]).toEqual([["chat/:room", processor]]);
  expect([...table.queued]).toEqual(["chat/:room"]);
  expect(table.queues.get("chat/:room")).toEqual({ ...queueDefaults, attemptsMax: 2 });
  expect([...table.queues.keys()]).toEqual(Object.keys(roomContract.definitions));
  const remote = processorTable(roomContract, { "chat/:room": queued("workers") });
  expect([[...remote.processors], [...remote.byWorkers]]).toEqual([[], ["chat/:room"]]);
});

it("calls have no queue", () => {
  const app = contract({ ...operatorCalls(["operator"]), news: channel({ message: z.unknown() }) });
  expect([...processorTable(app, {}).queues.keys()]).toEqual(["news"]);
});
