import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { MemoryJobs } from "../../src/adapters/memory/memory-jobs.js";
import { channel } from "../../src/contract/channel.js";
import { contract } from "../../src/contract/contract.js";
import type { Params } from "../../src/contract/pattern.js";
import type { LogFields, Logger } from "../../src/kernel/logger.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import type { Position } from "../../src/wire/messages.js";
import { LocalExecutor } from "../../src/pipeline/executor.js";
import { Jobs } from "../../src/pipeline/jobs.js";
import type { JobDraft, JobOrigin, JobStore, Rider } from "../../src/pipeline/job-store.js";
import { ownOrigin } from "../../src/pipeline/message-id.js";
import type { Output } from "../../src/pipeline/pipeline.js";
import type { Processor } from "../../src/pipeline/processor.js";
import { queueSettings, type QueueOptions } from "../../src/pipeline/queued.js";

interface User {
  readonly id: string;
}

type AnyProcessor = Processor<unknown, Params, User>;

const app = contract({
  "orders/:id": channel({ message: z.object({ text: z.string() }) }),
  news: channel({ message: z.object({ text: z.string() }) }),
});

const limits = { windowMs: 600_000, windowMessagesMax: 100, jobBytesMax: 1_000_000 };

describe("what waits to be processed, where it cannot", () => {
  let clock: VirtualClock;
  let store: JobStore;
  let delivered: Output[];
  let lines: [string, LogFields | undefined][];
  let isBroken: boolean;
  const line = (event: string, fields?: LogFields) => void lines.push([event, fields]);
  const logger: Logger = { debug: line, info: line, warn: line, error: line };
  const find = async (name: string, { producer, sequence }: JobOrigin): Promise<Position | undefined> => {
    const index = delivered.findIndex(({ channel: on, message: { origin } }) => {
      return on === name && origin?.producer === producer && origin.sequence === sequence;
    });
    return index === -1 ? undefined : { epoch: "e", offset: index + 1 };
  };
  const deliverAll = async (outputs: readonly Output[], rider: Rider): Promise<readonly Position[]> => {
    if (isBroken) throw new Error("disk full");
    rider.write();
    return outputs.map((output) => ({ epoch: "e", offset: delivered.push(output) }));
  };

  beforeEach(() => {
    clock = new VirtualClock({ wallTimeMs: 1_000_000 });
    store = new MemoryJobs(clock, limits);
    delivered = [];
    lines = [];
    isBroken = false;
  });

  const jobsWith = async (
    processor: AnyProcessor,
    options: QueueOptions<unknown, Params, User> = {},
  ): Promise<Jobs<User>> => {
    const match = app.match.bind(app);
    const jobs = new Jobs<User>({
      store,
      queues: new Map([["orders/:id", queueSettings({ backoff: { firstMs: 100, factor: 2 }, ...options })]]),
      executor: new LocalExecutor({ processors: new Map([["orders/:id", processor]]), match, emitsMax: 2 }),
      match,
      find,
      deliverAll,
      clock,
      random: new SeededRandom(1),
      logger,
    });
    await jobs.load();
    return jobs;
  };

  const draft = (id: string, more: Partial<JobDraft> = {}): JobDraft => ({
    id,
    queue: "orders/:id",
    channel: "orders/7",
    key: "orders/7",
    payload: JSON.stringify({ text: id }),
    principal: JSON.stringify({ id: "ada" }),
    at: clock.wallTimeMs(),
    dueAt: undefined,
    origin: ownOrigin(id),
    firstSentAt: undefined,
    ...more,
  });

  it("waits where the store cannot note that an attempt begins", async () => {
    const { change } = store;
    const jobs = await jobsWith((message) => message);
    store.change = () => Promise.reject(new Error("disk full"));
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(lines).toMatchObject([["pipeline/store-failed", { message: "a" }]]);
    store.change = change.bind(store);
    await clock.pass(1_000);
    expect(delivered.map(({ message }) => message.payload)).toEqual(['{"text":"a"}']);
  });

  it("is refused for now where the queue is full, or cannot be written", async () => {
    const jobs = await jobsWith(() => new Promise(() => {}), { lengthMax: 2 });
    const outcomes = await Promise.allSettled(["a", "b", "c"].map((id) => jobs.accept(draft(id))));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    await expect(jobs.accept(draft("d"))).rejects.toMatchObject({ code: "server/busy", retryAfterMs: 1_000 });
    const other = await jobsWith((message) => message);
    store.accept = () => Promise.reject(new Error("disk full"));
    await expect(other.accept(draft("e"))).rejects.toMatchObject({ code: "server/log-unavailable", retryable: true });
  });

  it("stays in the store where no queue is for it any more, and the log says so", async () => {
    await store.accept([draft("a", { queue: "old/:id" }), draft("b", { queue: "old/:id" })]);
    await jobsWith((message) => message);
    expect(lines).toEqual([["pipeline/orphans", { queue: "old/:id", jobs: 2 }]]);
  });

  it("is unknown where there never was such a message", async () => {
    const jobs = await jobsWith((message) => message);
    expect(await jobs.find("nobody")).toBeUndefined();
    expect(await jobs.deadLetters.get("nobody")).toBeUndefined();
    await expect(jobs.accept(draft("a", { queue: "none" }))).rejects.toMatchObject({ code: "pipeline/no-queue" });
  });
});
