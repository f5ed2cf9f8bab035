import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import type { StandardSchema } from "../contract/standard-schema.js";
import { deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import type { LogFields, Logger } from "../kernel/logger.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { PublishOk } from "../wire/messages.js";
import { LocalExecutor } from "./executor.js";
import { Pipeline, type Acceptable, type Deliverable, type Output } from "./pipeline.js";
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

/** Answers later, or fails then. */
const slowSchema: StandardSchema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (value === 0 ? Promise.reject(new TypeError("a bad schema")) : Promise.resolve({ value })),
  },
};

const app = contract({
  "chat/:room": channel({ message: z.object({ text: z.string().min(1) }) }),
  numbers: channel({ message: z.unknown() }),
  broken: channel({ message: brokenSchema }),
  slow: channel({ message: slowSchema }),
  queued: channel({ message: z.object({ text: z.string() }) }),
});

describe("the pipeline", () => {
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

  it("delivers what the schema makes of a message, and answers with its position", async () => {
    const receipt = await publish(pipelineWith(), { text: "hi", more: 1 });
    expect(receipt).toEqual({ stage: "delivered", position: { epoch: "e", offset: 1 } });
    expect(delivered).toEqual([["chat/lobby", { payload: '{"text":"hi"}', from: "ada", at: 1000, origin: undefined }]]);
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

  it("waits for a schema that takes its time, and fails the message where that fails", async () => {
    const pipeline = pipelineWith();
    await expect(publish(pipeline, 1, "slow")).resolves.toMatchObject({ stage: "delivered" });
    const failure = { code: "message/failed", message: "the contract's schema failed" };
    await expect(publish(pipeline, 0, "slow")).rejects.toMatchObject(failure);
    expect(delivered.map(([name]) => name)).toEqual(["slow"]);
  });

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
      ...partsWith(),
      deliver: () =>
        Promise.reject(new BusbarError("hub/not-appended", "cannot write", { cause: new Error("disk full") })),
      find: async () => undefined,
      clock,
      logger,
    });
    await expect(publish(pipeline, 1, "numbers")).rejects.toMatchObject({
      code: "server/log-unavailable",
      message: expect.stringContaining("unknown"),
      retryable: true,
      retryAfterMs: 1000,
    });
    await expect(publish(pipeline, 1, "numbers")).rejects.toMatchObject({ code: "server/log-unavailable" });
    expect(lines).toMatchObject([
      ["error", "pipeline/failed", { cause: "BusbarError: cannot write <- Error: disk full" }],
    ]);
  });

  it("says it again a second later, when a log still cannot be written", async () => {
    const deliver = (): Promise<never> => Promise.reject(new BusbarError("hub/not-opened", "cannot open"));
    const pipeline = new Pipeline<User>({ ...partsWith(), deliver, find: async () => undefined, clock, logger });
    for (let count = 0; count < 4; count++) {
      await expect(publish(pipeline, 1, "numbers")).rejects.toMatchObject({ code: "server/log-unavailable" });
      clock.advance(500);
    }
    expect(lines).toHaveLength(2);
  });

  describe("of a repeat", () => {
    const repeat = (
      pipeline: Pipeline<User>,
      sequence: number,
      onRefused: (error: unknown) => void = () => {},
    ): Promise<PublishOk> => {
      const match = app.match("chat/lobby");
      if (match === undefined) throw new Error("it is a channel");
      const origin = { producer: "p", sequence, firstSentAt: 5 };
      return pipeline.publish({
        channel: "chat/lobby",
        match,
        data: { text: "x" },
        principal: { id: "ada" },
        origin,
        onRefused,
      });
    };

    it("answers with the position it has, and processes nothing again", async () => {
      let processed = 0;
      const pipeline = pipelineWith((message) => {
        processed++;
        return message;
      });
      expect(await repeat(pipeline, 7)).toEqual({ stage: "delivered", position: { epoch: "e", offset: 70 } });
      expect([processed, delivered]).toEqual([0, []]);
      expect(await repeat(pipeline, 8)).toMatchObject({ stage: "delivered", position: { offset: 1 } });
      expect(delivered).toMatchObject([["chat/lobby", { origin: { producer: "p", sequence: 8, firstSentAt: 5 } }]]);
    });

    it("that is too old to be known is refused for good", async () => {
      const deliver = (): Promise<never> => Promise.reject(new BusbarError("hub/unknown-repeat", "too old"));
      const pipeline = new Pipeline<User>({
        ...partsWith(),
        deliver,
        find: async () => undefined,
        clock,
        logger,
      });
      await expect(repeat(pipeline, 1)).rejects.toMatchObject({ code: "publish/unknown-repeat", retryable: false });
    });

    it("tells of a refusal before anything that came later can go on", async () => {
      const seen: string[] = [];
      const gate = deferred<never>();
      const pipeline = new Pipeline<User>({
        ...partsWith(),
        deliver: () => gate.promise,
        find: async () => undefined,
        clock,
        logger,
      });
      const all = [1, 2, 3].map((sequence) =>
        repeat(pipeline, sequence, (error) => void seen.push(`${sequence} ${Object(error).code}`)).catch(() => {}),
      );
      await clock.settle();
      const late = publish(pipeline, { text: "behind" }).catch((error: unknown) => Object(error).code);
      gate.reject(new BusbarError("hub/not-appended", "cannot write"));
      await Promise.all(all);
      expect(seen.toSorted()).toEqual([
        "1 server/log-unavailable",
        "2 server/log-unavailable",
        "3 server/log-unavailable",
      ]);
      expect(await late).toMatch(/out-of-turn|log-unavailable/);
    });

    it("refuses what was taken behind a message that could not be delivered, and takes what comes later", async () => {
      const gate = deferred<void>();
      let isBroken = true;
      const pipeline = new Pipeline<User>({
        ...partsWith(
          new Map([
            ["chat/:room", (message) => (Object(message).text === "slow" ? gate.promise.then(() => message) : message)],
          ]),
        ),
        deliver: async () => {
          if (isBroken) throw new BusbarError("hub/not-appended", "cannot write");
          return { position: { epoch: "e", offset: 1 } };
        },
        find: async () => undefined,
        clock,
        logger,
      });
      const first = publish(pipeline, { text: "lost" });
      const behind = [publish(pipeline, { text: "slow" }), publish(pipeline, { text: "fast" })];
      const refused = behind.map((publication) =>
        expect(publication).rejects.toMatchObject({ code: "publish/out-of-turn" }),
      );
      await expect(first).rejects.toMatchObject({ code: "server/log-unavailable" });
      isBroken = false;
      gate.resolve();
      await Promise.all(refused);
      expect(await publish(pipeline, { text: "later" })).toMatchObject({ stage: "delivered" });
    });
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
