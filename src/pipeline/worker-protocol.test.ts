import { describe, expect, it } from "vitest";
import {
  readHostMessage,
  readProduced,
  readWorkerMessage,
  type HostMessage,
  type WorkerMessage,
} from "./worker-protocol.js";

const outputs = { kind: "outputs", payload: '{"a":1}', emitted: [{ channel: "b", payload: "2" }] } as const;

describe("what workers and their server say to each other", () => {
  it.each<WorkerMessage>([
    { say: "hello", worker: "w", patterns: ["a/:n"], parallelMax: 4, tasks: [1, 2], contract: "f" },
    { say: "alive" },
    { say: "leaving" },
    { say: "done", task: 1, produced: outputs },
    { say: "done", task: 1, produced: { kind: "outputs", payload: undefined, emitted: [] } },
    { say: "done", task: 1, produced: { kind: "rejected", reason: { why: "rude" } } },
    { say: "failed", task: 1, error: "no" },
  ])("is read as a worker said it: %j", (message) => {
    expect(readWorkerMessage(JSON.stringify(message))).toEqual(message);
  });

  it.each<HostMessage>([
    { say: "welcome", aliveEveryMs: 5 },
    { say: "welcome", aliveEveryMs: 5, contract: "differs" },
    { say: "work", task: 1, id: "m", channel: "a/1", data: [1], principal: { id: "ada" }, attempt: 2 },
    { say: "cancel", task: 1 },
  ])("is read as the server said it: %j", (message) => {
    expect(readHostMessage(JSON.stringify(message))).toEqual(message);
  });

  it.each([
    '{"say":"sing"}',
    "[]",
    '{"say":"done","task":0,"produced":{}}',
    '{"say":"done","task":1,"produced":{"kind":"x"}}',
  ])("is refused where no worker says it: %s", (text) => {
    expect(() => readWorkerMessage(text)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^wire\//) }));
  });

  it("is refused where no server says it", () => {
    expect(() => readHostMessage('{"say":"sing"}')).toThrow(expect.objectContaining({ code: "wire/malformed" }));
  });

  it("leaves out what is none of its kind in a worker's lists", () => {
    const hello = { say: "hello", worker: "w", patterns: ["a", 5], parallelMax: 1, tasks: [1, "2"], contract: "f" };
    expect(readWorkerMessage(JSON.stringify(hello))).toMatchObject({ patterns: ["a"], tasks: [1] });
  });

  it("holds what came out to be JSON, for it goes into logs unread", () => {
    expect(() => readProduced({ ...outputs, payload: "{" })).toThrow(
      expect.objectContaining({ code: "wire/malformed" }),
    );
    expect(() => readProduced({ ...outputs, emitted: [{ channel: "b", payload: "nope" }] })).toThrow(
      expect.objectContaining({ code: "wire/malformed" }),
    );
    expect(readProduced({ kind: "rejected" })).toEqual({ kind: "rejected", reason: null });
  });
});
