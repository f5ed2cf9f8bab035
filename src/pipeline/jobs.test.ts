import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { MemoryJobs } from "../adapters/memory/memory-jobs.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import type { LogFields, Logger } from "../kernel/logger.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { Position, Stage } from "../wire/messages.js";
import { LocalExecutor } from "./executor.js";
import { Jobs } from "./jobs.js";
import type { JobDraft, JobOrigin, JobStore, Rider } from "./job-store.js";
import { ownOrigin } from "./message-id.js";
import type { Output } from "./pipeline.js";
import type { Processor } from "./processor.js";
import { queueSettings, type QueueOptions } from "./queued.js";

interface User {
  readonly id: string;
}

type AnyProcessor = Processor<unknown, Params, User>;

const app = contract({
  "orders/:id": channel({ message: z.object({ text: z.string() }) }),
  news: channel({ message: z.object({ text: z.string() }) }),
});

const limits = { windowMs: 600_000, windowMessagesMax: 100, jobBytesMax: 1_000_000 };

describe("what waits to be processed", () => {
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

  /** The stages of a message, as they come. */
  const follow = (jobs: Jobs<User>, id: string): Stage[] => {
    const stages: Stage[] = [];
    jobs.follow(id, (stage) => void stages.push(stage));
    return stages;
  };

  const texts = (): unknown[] => delivered.map(({ message }) => JSON.parse(message.payload));

  it("is processed and delivered, and its stages are told", async () => {
    const jobs = await jobsWith((message) => ({ ...Object(message), seen: true }));
    const stages = follow(jobs, "a");
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(texts()).toEqual([{ text: "a", seen: true }]);
    expect(delivered[0]?.message).toMatchObject({ from: "ada", at: 1_000_000, origin: ownOrigin("a") });
    expect(stages).toEqual([
      { stage: "accepted" },
      { stage: "processing", attempt: 1 },
      { stage: "delivered", position: { epoch: "e", offset: 1 } },
    ]);
    const position = { epoch: "e", offset: 1 };
    expect(await jobs.find("a")).toEqual({ stage: { stage: "delivered", position }, from: "ada", channel: "orders/7" });
  });

  it("is dropped, or rejected with its reason", async () => {
    const jobs = await jobsWith((message, { drop, reject }) =>
      Object(message).text === "a" ? drop() : reject("rude"),
    );
    const stages = [follow(jobs, "a"), follow(jobs, "b")];
    await Promise.all([jobs.accept(draft("a")), jobs.accept(draft("b"))]);
    await clock.settle();
    expect(delivered).toEqual([]);
    expect(stages.map((all) => all.at(-1))).toEqual([{ stage: "dropped" }, { stage: "rejected", reason: "rude" }]);
    expect((await jobs.find("a"))?.stage).toEqual({ stage: "dropped" });
    expect((await jobs.find("b"))?.stage).toEqual({ stage: "rejected", reason: "rude" });
    expect(jobs.snapshot[0]?.counts).toMatchObject({ accepted: 2, begun: 2, dropped: 1, rejected: 1, delivered: 0 });
  });

  it("has all that it emits take effect with it, or nothing where it throws afterwards", async () => {
    const seen: number[] = [];
    const jobs = await jobsWith((message, { attempt, emit }) => {
      seen.push(attempt);
      emit("news", { text: `about ${Object(message).text}` });
      if (attempt === 1) throw new Error("out of luck");
      return message;
    });
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(delivered).toEqual([]);
    await clock.pass(100);
    expect(seen).toEqual([1, 2]);
    expect(delivered.map(({ channel: name, message }) => [name, message.payload, message.origin])).toEqual([
      ["orders/7", '{"text":"a"}', { ...ownOrigin("a"), firstSentAt: undefined }],
      ["news", '{"text":"about a"}', { ...ownOrigin("a"), sequence: 2, firstSentAt: undefined }],
    ]);
  });

  it("is tried again after a backoff, until it is a dead letter that can be looked at", async () => {
    const keys = new Set<string>();
    const jobs = await jobsWith(
      (_message, { idempotencyKey }) => {
        keys.add(idempotencyKey);
        throw new Error("the database is gone");
      },
      { attemptsMax: 3 },
    );
    const stages = follow(jobs, "a");
    await jobs.accept(draft("a"));
    await clock.settle();
    expect((await jobs.find("a"))?.stage).toMatchObject({ stage: "retrying", attempt: 1 });
    await clock.pass(100);
    await clock.pass(200);
    expect(stages.map(({ stage }) => stage)).toEqual([
      "accepted",
      "processing",
      "retrying",
      "processing",
      "retrying",
      "processing",
      "dead",
    ]);
    expect([...keys]).toEqual(["a"]);
    const [letter] = await jobs.deadLetters.list();
    expect(letter).toMatchObject({
      id: "a",
      channel: "orders/7",
      queue: "orders/:id",
      data: { text: "a" },
      from: "ada",
    });
    expect(letter?.failures.map(({ attempt, error }) => [attempt, error])).toEqual(
      [1, 2, 3].map((attempt) => [attempt, expect.stringContaining("the database is gone")]),
    );
    expect((await jobs.find("a"))?.stage).toEqual({ stage: "dead" });
    const [failed, , dead] = lines.filter(([event]) => event.startsWith("pipeline/"));
    expect(failed).toMatchObject(["pipeline/attempt-failed", { message: "a", attempt: 1, channel: "orders/7" }]);
    expect(dead).toMatchObject(["pipeline/dead", { message: "a", attempt: 3 }]);
  });

  it("holds up the later ones of its key while it fails, and as a dead letter, until that is dealt with", async () => {
    let isBad = true;
    const jobs = await jobsWith(
      (message) => {
        if (isBad && Object(message).text === "a") throw new Error("bad");
        return message;
      },
      { attemptsMax: 2 },
    );
    for (const id of ["a", "b"]) await jobs.accept(draft(id));
    await jobs.accept(draft("c", { key: "other" }));
    await clock.pass(10_000);
    expect(texts()).toEqual([{ text: "c" }]);
    expect(jobs.snapshot[0]?.jobs).toMatchObject({ dead: 1, waiting: 1, blockedKeys: 1 });
    isBad = false;
    await jobs.deadLetters.redrive("a");
    await clock.settle();
    expect(texts()).toEqual([{ text: "c" }, { text: "a" }, { text: "b" }]);
    expect(await jobs.deadLetters.list()).toEqual([]);
  });

  it("lets the later ones of its key go on where that was chosen", async () => {
    const jobs = await jobsWith(
      (message) => {
        if (Object(message).text === "a") throw new Error("bad");
        return message;
      },
      { attemptsMax: 2, onFailure: "skip" },
    );
    for (const id of ["a", "b"]) await jobs.accept(draft(id));
    await clock.settle();
    expect(texts()).toEqual([{ text: "b" }]);
  });

  it("can be redriven with another message, or discarded", async () => {
    const jobs = await jobsWith(
      (message) => {
        if (String(Object(message).text).startsWith("bad")) throw new Error("bad");
        return message;
      },
      { attemptsMax: 1, onFailure: "skip" },
    );
    for (const id of ["bad1", "bad2", "bad3", "bad4"]) await jobs.accept(draft(id));
    await clock.settle();
    const stages = follow(jobs, "bad2");
    const { deadLetters } = jobs;
    await expect(deadLetters.redrive("bad1", { data: { text: 5 } })).rejects.toMatchObject({ code: "message/invalid" });
    await deadLetters.redrive("bad1", { data: { text: "good" } });
    await deadLetters.discard("bad2");
    await clock.settle();
    expect(texts()).toEqual([{ text: "good" }]);
    expect(stages).toEqual([{ stage: "discarded" }]);
    expect((await jobs.find("bad2"))?.stage).toEqual({ stage: "discarded" });
    await expect(deadLetters.discard("bad2")).rejects.toMatchObject({ code: "dead/unknown" });
    expect(await deadLetters.redriveAll("orders/:id")).toBe(2);
    await clock.settle();
    expect((await deadLetters.list({ max: 1 })).map(({ id }) => id)).toEqual(["bad3"]);
    expect(await deadLetters.discardAll()).toBe(2);
    expect(await deadLetters.list()).toEqual([]);
    expect(jobs.snapshot[0]?.counts).toMatchObject({ redriven: 3, discarded: 3 });
  });

  it("is aborted when it takes too long, and the outcome that comes later does not count", async () => {
    let finish = (_message: unknown): void => {};
    let reason: unknown;
    const jobs = await jobsWith(
      (message, { attempt, signal }) => {
        if (attempt > 1) return message;
        signal.addEventListener("abort", () => (reason = signal.reason));
        return new Promise((resolve) => (finish = resolve));
      },
      { timeoutMs: 500 },
    );
    await jobs.accept(draft("a"));
    await clock.pass(500);
    expect(reason).toMatchObject({ code: "message/failed" });
    finish({ text: "too late" });
    await clock.pass(100);
    expect(texts()).toEqual([{ text: "a" }]);
  });

  it.each([
    ["nothing", undefined],
    ["no JSON", () => 1],
    ["a number that JSON has not", 10n],
  ])("fails where the processor returns nonsense: %s", async (_name, nonsense) => {
    const jobs = await jobsWith(() => nonsense, { attemptsMax: 1 });
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(delivered).toEqual([]);
    const [letter] = await jobs.deadLetters.list();
    expect(letter?.failures[0]?.error).toContain("what came out of the processor is no JSON");
  });

  it("fails where it emits too much, or what does not fit its channel", async () => {
    const jobs = await jobsWith(
      (message, { emit }) => {
        if (Object(message).text === "many") for (let count = 0; count < 10_000; count++) emit("news", { text: "x" });
        if (Object(message).text === "misfit") emit("news", { text: 5 });
        if (Object(message).text === "nowhere") emit("nowhere", { text: "x" });
        return message;
      },
      { attemptsMax: 1, onFailure: "skip" },
    );
    for (const id of ["many", "misfit", "nowhere"]) await jobs.accept(draft(id));
    await clock.settle();
    expect(delivered).toEqual([]);
    const letters = await jobs.deadLetters.list();
    expect(letters.map(({ failures }) => failures[0]?.error)).toEqual([
      expect.stringContaining("a processor can emit 2 messages for one"),
      expect.stringContaining("what was emitted to news does not fit it"),
      expect.stringContaining("there is no channel nowhere to emit to"),
    ]);
  });

  it("waits for its time, wherever the wall clock jumps", async () => {
    const jobs = await jobsWith((message) => message);
    const stages = follow(jobs, "a");
    await jobs.accept(draft("a", { dueAt: clock.wallTimeMs() + 5_000 }));
    await jobs.accept(draft("b"));
    await clock.pass(4_999);
    // It holds nobody up.
    expect(texts()).toEqual([{ text: "b" }]);
    expect(stages).toEqual([{ stage: "accepted", dueAt: 1_005_000 }]);
    expect((await jobs.find("a"))?.stage).toEqual({ stage: "accepted", dueAt: 1_005_000 });
    clock.jumpWallTime(-3_600_000);
    await clock.pass(60_000);
    expect(texts()).toEqual([{ text: "b" }]);
    clock.jumpWallTime(3_600_000);
    await clock.pass(1_000);
    expect(texts()).toEqual([{ text: "b" }, { text: "a" }]);
  });

  it("goes on after a sudden end, with the attempt counted, in the order of its key", async () => {
    const dead = await jobsWith(() => new Promise(() => {}));
    for (const id of ["a", "b"]) await dead.accept(draft(id));
    await clock.settle();
    const seen: unknown[] = [];
    const jobs = await jobsWith((message, { attempt }) => {
      seen.push([Object(message).text, attempt]);
      return message;
    });
    await clock.settle();
    expect(seen).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    expect(jobs.snapshot[0]?.jobs).toMatchObject({ waiting: 0, running: 0, dead: 0, bytes: 0 });
  });

  it("is a dead letter when it took its process along as often as it may be tried", async () => {
    for (let life = 1; life <= 2; life++) {
      const dying = await jobsWith(() => new Promise(() => {}), { attemptsMax: 2 });
      if (life === 1) await dying.accept(draft("a"));
      await clock.settle();
    }
    const jobs = await jobsWith((message) => message, { attemptsMax: 2 });
    await clock.settle();
    expect(delivered).toEqual([]);
    expect((await jobs.deadLetters.get("a"))?.failures.at(-1)?.error).toContain("gone before it was done");
  });

  it("is given up when the server stops, and that attempt was none", async () => {
    const jobs = await jobsWith(() => new Promise(() => {}));
    await jobs.accept(draft("a"));
    await clock.settle();
    jobs.close();
    await jobs.ended();
    await expect(jobs.accept(draft("b"))).rejects.toMatchObject({ code: "server/stopping" });
    expect(await store.find("a")).toMatchObject({ kind: "job", job: { attempts: 0 } });
    expect(clock.timerCount).toBe(0);
  });

  it("takes effect once when the store has to be asked several times", async () => {
    isBroken = true;
    let runs = 0;
    const jobs = await jobsWith((message) => {
      runs++;
      return message;
    });
    await jobs.accept(draft("a"));
    await clock.pass(2_500);
    expect(lines.filter(([event]) => event === "pipeline/not-settled").length).toBeGreaterThan(1);
    isBroken = false;
    await clock.pass(1_000);
    expect([runs, texts()]).toEqual([1, [{ text: "a" }]]);
  });

  it("is accepted once, however often it is published, also when it is over", async () => {
    const jobs = await jobsWith((message) => message);
    await Promise.all([jobs.accept(draft("a")), jobs.accept(draft("a"))]);
    await clock.settle();
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(texts()).toEqual([{ text: "a" }]);
    await clock.pass(700_000);
    const old = draft("a", { firstSentAt: 1_000_000 });
    await jobs.accept(draft("b"));
    await clock.settle();
    await expect(jobs.accept(old)).rejects.toMatchObject({ code: "publish/unknown-repeat" });
  });
});
