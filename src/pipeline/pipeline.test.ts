import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import type { StandardSchema } from "../contract/standard-schema.js";
import { deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import type { LogFields, Logger } from "../kernel/logger.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { PublishOk } from "../wire/messages.js";
import { Pipeline, type Deliverable } from "./pipeline.js";
import type { Processor } from "./processor.js";

interface User {
  readonly id: string;
}

const brokenSchema: StandardSchema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: () => {
      throw new TypeError("a bad schema");
    },
  },
};

const app = contract({
  "chat/:room": channel({ message: z.object({ text: z.string().min(1) }) }),
  numbers: channel({ message: z.unknown() }),
  broken: channel({ message: brokenSchema }),
});

describe("the pipeline", () => {
  let clock: VirtualClock;
  let delivered: [string, Deliverable][];
  let lines: [string, string, LogFields | undefined][];
  const line = (level: string) => (event: string, fields?: LogFields) => void lines.push([level, event, fields]);
  const logger: Logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  beforeEach(() => {
    clock = new VirtualClock({ wallTimeMs: 1000 });
    delivered = [];
    lines = [];
  });

  const pipelineWith = (processor?: Processor<unknown, Params, User>, waitingMax = 5): Pipeline<User> =>
    new Pipeline<User>({
      processors: new Map(processor === undefined ? [] : [["chat/:room", processor]]),
      deliver: async (name, message) => ({ epoch: "e", offset: delivered.push([name, message]) }),
      clock,
      logger,
      limits: { waitingMax, processTimeoutMs: 100 },
    });

  const publish = (pipeline: Pipeline<User>, data: unknown, name = "chat/lobby"): Promise<PublishOk> => {
    const match = app.match(name);
    if (match === undefined) throw new Error(`${name} is no channel`);
    return pipeline.publish({ channel: name, match, data, principal: { id: "ada" } });
  };

  it("delivers what the schema makes of a message, and answers with its position", async () => {
    const receipt = await publish(pipelineWith(), { text: "hi", more: 1 });
    expect(receipt).toEqual({ stage: "delivered", position: { epoch: "e", offset: 1 } });
    expect(delivered).toEqual([["chat/lobby", { payload: '{"text":"hi"}', from: "ada", at: 1000 }]]);
    expect(lines).toEqual([]);
  });

  it("delivers what the processor makes of it, which knows where the message comes from", async () => {
    const seen: unknown[] = [];
    const pipeline = pipelineWith(async (message, { channel: name, params, principal, signal }) => {
      seen.push(message, name, params, principal, signal.aborted);
      return { text: "HI" };
    });
    await publish(pipeline, { text: "hi" });
    expect(seen).toEqual([{ text: "hi" }, "chat/lobby", { room: "lobby" }, { id: "ada" }, false]);
    expect(delivered).toMatchObject([["chat/lobby", { payload: '{"text":"HI"}' }]]);
  });

  it("asks the processor of the channel's own pattern only", async () => {
    const pipeline = pipelineWith(() => "something else");
    await publish(pipeline, 7, "numbers");
    expect(delivered).toMatchObject([["numbers", { payload: "7" }]]);
  });

  it("delivers in the order of the calls, although the first takes longer", async () => {
    const first = deferred<void>();
    const pipeline = pipelineWith(async (message) => {
      if (JSON.stringify(message).includes("1")) await first.promise;
      return message;
    });
    const receipts = Promise.all(["1", "2", "3"].map((text) => publish(pipeline, { text })));
    await clock.settle();
    expect(delivered).toEqual([]);
    first.resolve();
    expect((await receipts).map((receipt) => receipt.stage === "delivered" && receipt.position.offset)).toEqual([
      1, 2, 3,
    ]);
    expect(delivered.map(([, { payload }]) => payload)).toEqual(['{"text":"1"}', '{"text":"2"}', '{"text":"3"}']);
  });

  it("refuses what does not fit the contract, and says where", async () => {
    const refusal = { code: "message/invalid", message: expect.stringMatching(/^text: /), retryable: false };
    await expect(publish(pipelineWith(), { text: "" })).rejects.toMatchObject(refusal);
    expect(delivered).toEqual([]);
    expect(lines).toMatchObject([
      ["warn", "pipeline/refused", { principal: "ada", channel: "chat/lobby", code: "message/invalid" }],
    ]);
  });

  it("tells the publisher why the processor rejected the message", async () => {
    const pipeline = pipelineWith((_message, { reject }) => reject("too rude"));
    await expect(publish(pipeline, { text: "x" })).rejects.toMatchObject({
      code: "message/rejected",
      message: "too rude",
    });
    expect(lines).toMatchObject([["warn", "pipeline/refused", { code: "message/rejected", message: "too rude" }]]);
  });

  it("tells the publisher that the processor dropped the message", async () => {
    const pipeline = pipelineWith((_message, { drop }) => drop());
    await expect(publish(pipeline, { text: "x" })).resolves.toEqual({ stage: "dropped" });
    expect(delivered).toEqual([]);
  });

  it("keeps what a processor threw from the publisher, and logs it in one line", async () => {
    const pipeline = pipelineWith(() => {
      throw new TypeError("undefined is not a function");
    });
    await expect(publish(pipeline, { text: "x" })).rejects.toMatchObject({
      code: "message/failed",
      message: "the processor failed",
    });
    const cause = "TypeError: undefined is not a function";
    const fields = {
      principal: "ada",
      channel: "chat/lobby",
      code: "message/failed",
      cause,
      stack: expect.stringContaining("pipeline.test.ts"),
    };
    expect(lines).toMatchObject([["error", "pipeline/failed", fields]]);
  });

  it("can tell of thrown values that are no errors", async () => {
    const pipeline = pipelineWith(() => Promise.reject("just text"));
    await expect(publish(pipeline, { text: "x" })).rejects.toMatchObject({ code: "message/failed" });
    expect(lines).toMatchObject([["error", "pipeline/failed", { cause: "just text", stack: undefined }]]);
  });

  it("goes on behind a message that failed", async () => {
    const pipeline = pipelineWith((message) => {
      if (JSON.stringify(message).includes("bad")) throw new Error("no");
      return message;
    });
    const [bad, good] = [publish(pipeline, { text: "bad" }), publish(pipeline, { text: "good" })];
    await expect(bad).rejects.toMatchObject({ code: "message/failed" });
    await expect(good).resolves.toMatchObject({ stage: "delivered" });
  });

  it.each([undefined, () => 1, 1n, Symbol("s")])(
    "fails a message of which the processor makes %s, which is no JSON",
    async (outcome) => {
      await expect(
        publish(
          pipelineWith(() => outcome),
          { text: "x" },
        ),
      ).rejects.toMatchObject({ code: "message/failed" });
      expect(delivered).toEqual([]);
    },
  );

  it("fails a message whose schema fails", async () => {
    await expect(publish(pipelineWith(), 1, "broken")).rejects.toMatchObject({
      code: "message/failed",
      message: "the contract's schema failed",
    });
  });

  it("fails a message whose processor takes too long, and goes on with the next", async () => {
    let calls = 0;
    const pipeline = pipelineWith((message) => (calls++ === 0 ? deferred<never>().promise : message));
    const [slow, next] = [publish(pipeline, { text: "1" }), publish(pipeline, { text: "2" })];
    const failure = expect(slow).rejects.toMatchObject({
      code: "message/failed",
      message: "the processor took longer than 100 ms",
    });
    await clock.pass(100);
    await failure;
    await expect(next).resolves.toMatchObject({ stage: "delivered" });
  });

  it("refuses what is too much for one channel, and takes more when something has left", async () => {
    const gate = deferred<void>();
    const pipeline = pipelineWith(async (message) => {
      await gate.promise;
      return message;
    }, 1);
    const first = publish(pipeline, { text: "1" });
    await expect(publish(pipeline, { text: "2" })).rejects.toMatchObject({ code: "server/busy", retryable: true });
    await publish(pipeline, 1, "numbers");
    gate.resolve();
    await first;
    await expect(publish(pipeline, { text: "3" })).resolves.toMatchObject({ stage: "delivered" });
  });

  it("says that a message's fate is unknown when it cannot be delivered", async () => {
    const pipeline = new Pipeline<User>({
      processors: new Map(),
      deliver: () =>
        Promise.reject(new BusbarError("hub/not-appended", "cannot write", { cause: new Error("disk full") })),
      clock,
      logger,
    });
    await expect(publish(pipeline, 1, "numbers")).rejects.toMatchObject({
      code: "server/internal",
      message: expect.stringContaining("unknown"),
    });
    expect(lines).toMatchObject([
      ["error", "pipeline/failed", { cause: "BusbarError: cannot write <- Error: disk full" }],
    ]);
  });

  it("that is closed gives up what is in a processor or behind it, and takes nothing more", async () => {
    const pipeline = pipelineWith(() => deferred<never>().promise);
    const publications = [publish(pipeline, { text: "1" }), publish(pipeline, { text: "2" })];
    const refusals = publications.map((publication) =>
      expect(publication).rejects.toMatchObject({ code: "server/stopping", retryable: true }),
    );
    await clock.settle();
    pipeline.close();
    await Promise.all(refusals);
    await expect(publish(pipeline, { text: "3" })).rejects.toMatchObject({ code: "server/stopping" });
    expect(delivered).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });
});
