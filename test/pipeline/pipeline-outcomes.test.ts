import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../../src/contract/channel.js";
import { contract } from "../../src/contract/contract.js";
import type { Params } from "../../src/contract/pattern.js";
import type { StandardSchema } from "../../src/contract/standard-schema.js";
import { BusbarError } from "../../src/kernel/errors.js";
import type { LogFields, Logger } from "../../src/kernel/logger.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import type { PublishOk } from "../../src/wire/messages.js";
import { LocalExecutor } from "../../src/pipeline/executor.js";
import { Pipeline, type Acceptable, type Deliverable, type Output } from "../../src/pipeline/pipeline.js";
import type { Processor } from "../../src/pipeline/processor.js";

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
  queued: channel({ message: z.object({ text: z.string() }) }),
});

describe("what comes out of the pipeline", () => {
  let clock: VirtualClock;
  let delivered: [string, Deliverable][];
  let accepted: Acceptable<User>[];
  let together: (readonly Output[])[];
  let lines: [string, string, LogFields | undefined][];
  const line = (level: string) => (event: string, fields?: LogFields) => void lines.push([level, event, fields]);
  const logger: Logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  beforeEach(() => {
    clock = new VirtualClock({ wallTimeMs: 1000 });
    delivered = [];
    accepted = [];
    together = [];
    lines = [];
  });

  /** What the pipeline calls beside the log, with these processors. */
  const partsWith = (processors: ReadonlyMap<string, Processor<unknown, Params, User>> = new Map()) => ({
    executor: new LocalExecutor<User>({ processors, match: (name) => app.match(name), emitsMax: 2 }),
    isQueued: (pattern: string) => pattern === "queued",
    accept: async (message: Acceptable<User>) => void accepted.push(message),
    deliverAll: async (outputs: readonly Output[]) => {
      together.push(outputs);
      return outputs.map((_, index) => ({ epoch: "e", offset: index + 1 }));
    },
    random: new SeededRandom(1),
  });

  const pipelineWith = (processor?: Processor<unknown, Params, User>, waitingMax = 5): Pipeline<User> =>
    new Pipeline<User>({
      ...partsWith(new Map(processor === undefined ? [] : [["chat/:room", processor]])),
      deliver: async (name, message) => ({ position: { epoch: "e", offset: delivered.push([name, message]) } }),
      find: async (_name, { sequence }) => (sequence === 7 ? { epoch: "e", offset: 70 } : undefined),
      clock,
      logger,
      limits: { waitingMax, processTimeoutMs: 100 },
    });

  const publish = (pipeline: Pipeline<User>, data: unknown, name = "chat/lobby"): Promise<PublishOk> => {
    const match = app.match(name);
    if (match === undefined) throw new Error(`${name} is no channel`);
    return pipeline.publish({ channel: name, match, data, principal: { id: "ada" } });
  };

  describe("with more than one outcome", () => {
    const two: Processor<unknown, Params, User> = (message, { emit }) => {
      emit("numbers", 1);
      return message;
    };

    it("delivers what was emitted together with the message, from the same publisher", async () => {
      expect(await publish(pipelineWith(two), { text: "hi" })).toEqual({
        stage: "delivered",
        position: { epoch: "e", offset: 1 },
      });
      const [outputs] = together;
      expect(outputs?.map(({ channel: name, message }) => [name, message.payload, message.from])).toEqual([
        ["chat/lobby", '{"text":"hi"}', "ada"],
        ["numbers", "1", "ada"],
      ]);
      expect(outputs?.[1]?.message.origin).toMatchObject({ sequence: 2, firstSentAt: undefined });
      expect(delivered).toEqual([]);
    });

    it("delivers what was emitted also where the message is dropped", async () => {
      const only: Processor<unknown, Params, User> = (_, { drop, emit }) => {
        emit("numbers", 1);
        return drop();
      };
      expect(await publish(pipelineWith(only), { text: "hi" })).toEqual({ stage: "dropped" });
      expect(together[0]?.map(({ channel: name }) => name)).toEqual(["numbers"]);
    });

    it("says of a repeat that is too old that it was not published", async () => {
      const pipeline = new Pipeline<User>({
        ...partsWith(new Map([["chat/:room", two]])),
        deliver: () => Promise.reject(new Error("not by itself")),
        deliverAll: async () => [undefined, undefined],
        find: async () => undefined,
        clock,
        logger,
      });
      await expect(publish(pipeline, { text: "hi" })).rejects.toMatchObject({ code: "publish/unknown-repeat" });
    });
  });

  describe("for later", () => {
    const publishLater = (pipeline: Pipeline<User>, dueAt: number, origin?: { producer: string; sequence: number }) => {
      const match = app.match("numbers");
      if (match === undefined) throw new Error("there is such a channel");
      const known = origin && { ...origin, firstSentAt: undefined };
      return pipeline.publish({ channel: "numbers", match, data: 5, principal: { id: "ada" }, dueAt, origin: known });
    };

    it("accepts messages of queued channels, and says as what", async () => {
      const receipt = await publish(pipelineWith(), { text: "hi" }, "queued");
      expect(receipt).toEqual({ stage: "accepted", message: accepted[0]?.id });
      expect(accepted[0]).toMatchObject({ payload: '{"text":"hi"}', message: { text: "hi" }, dueAt: undefined });
      await expect(publish(pipelineWith(), { text: 5 }, "queued")).rejects.toMatchObject({ code: "message/invalid" });
    });

    it("accepts messages of any channel at their time, with the same id for each repeat", async () => {
      const pipeline = pipelineWith();
      const receipts = [
        await publishLater(pipeline, 5_000, { producer: "p", sequence: 1 }),
        await publishLater(pipeline, 5_000, { producer: "p", sequence: 1 }),
        await publishLater(pipeline, 5_000),
      ];
      const ids = receipts.map((receipt) => (receipt.stage === "accepted" ? receipt.message : ""));
      expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([true, false]);
      expect(accepted[0]?.dueAt).toBe(5_000);
      await expect(publishLater(pipeline, 1e15)).rejects.toMatchObject({ code: "message/invalid" });
    });
  });

  it("says that the processor has failed where whoever ran it is gone", async () => {
    const executor = new LocalExecutor<User>({ processors: new Map(), match: (name) => app.match(name), emitsMax: 2 });
    executor.has = () => true;
    executor.run = () => Promise.reject(new BusbarError("pipeline/worker-lost", "the worker was gone"));
    const pipeline = new Pipeline<User>({
      ...partsWith(),
      executor,
      deliver: () => Promise.reject(new Error("nothing comes out")),
      find: async () => undefined,
      clock,
      logger,
    });
    await expect(publish(pipeline, { text: "hi" })).rejects.toMatchObject({ code: "message/failed" });
    expect(lines).toMatchObject([["error", "pipeline/failed", { code: "message/failed", channel: "chat/lobby" }]]);
  });

  it("tells the publisher a reason that is no text, as it is", async () => {
    const reason = { word: "spam" };
    const pipeline = pipelineWith((_, { reject: no }) => Reflect.apply(no, undefined, [reason]));
    await expect(publish(pipeline, { text: "hi" })).rejects.toMatchObject({ code: "message/rejected", reason });
  });

  it("counts what it does, and how long that takes", async () => {
    const pipeline = pipelineWith();
    await publish(pipeline, { text: "hi" });
    await publish(pipeline, { text: "" }).catch(() => {});
    expect(pipeline.figures).toMatchObject({
      counts: { delivered: 1, refused: 1, accepted: 0, dropped: 0 },
      underWay: 0,
      preparing: { count: 1 },
      writing: { count: 1 },
    });
  });
});
