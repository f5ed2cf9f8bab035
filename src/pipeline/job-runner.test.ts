import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { MemoryJobs } from "../adapters/memory/memory-jobs.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import type { LogFields, Logger } from "../kernel/logger.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { Stage } from "../wire/messages.js";
import { noRoomCode, type Executor, type RunOptions } from "./executor.js";
import { Jobs } from "./jobs.js";
import type { JobDraft } from "./job-store.js";
import { ownOrigin } from "./message-id.js";
import type { Produced, Work } from "./production.js";
import { queueSettings } from "./queued.js";

interface User {
  readonly id: string;
}

interface Run extends Deferred<Produced> {
  readonly work: Work<User>;
  readonly options: RunOptions;
}

const app = contract({ "orders/:id": channel({ message: z.object({ text: z.string() }) }) });
const limits = { windowMs: 600_000, windowMessagesMax: 100, jobBytesMax: 1_000_000 };
const done: Produced = { kind: "outputs", payload: "1", emitted: [] };

/** Processors elsewhere: a test says what comes of each run. */
class FarExecutor implements Executor<User> {
  readonly runs: Run[] = [];
  places = 1;
  tellRoom = (): void => {};

  has(): boolean {
    return true;
  }

  isLeased(): boolean {
    return true;
  }

  seat() {
    if (this.places === 0) return undefined;
    this.places--;
    let isTaken = true;
    return {
      run: (work: Work<User>, options: RunOptions) => {
        const run = { ...deferred<Produced>(), work, options };
        this.runs.push(run);
        return run.promise;
      },
      leave: () => {
        if (isTaken) this.places++;
        isTaken = false;
      },
    };
  }

  run(): Promise<Produced> {
    return Promise.reject(new Error("nobody waits for it"));
  }

  onRoom(listener: () => void): void {
    this.tellRoom = listener;
  }
}

describe("messages that are processed elsewhere", () => {
  let clock: VirtualClock;
  let store: MemoryJobs;
  let executor: FarExecutor;
  let lines: [string, LogFields | undefined][];
  let isBroken: boolean;
  const line = (event: string, fields?: LogFields) => void lines.push([event, fields]);
  let logger: { -readonly [Level in keyof Logger]: Logger[Level] };
  beforeEach(() => {
    logger = { debug: line, info: line, warn: line, error: line };
    clock = new VirtualClock({ wallTimeMs: 1_000_000 });
    store = new MemoryJobs(clock, limits);
    executor = new FarExecutor();
    lines = [];
    isBroken = false;
  });

  const jobsOf = (attemptsMax = 2): Jobs<User> =>
    new Jobs<User>({
      store,
      queues: new Map([["orders/:id", queueSettings({ attemptsMax, leaseMs: 1_000, backoff: { firstMs: 10 } })]]),
      executor,
      match: app.match.bind(app),
      find: async () => undefined,
      deliverAll: async (outputs, rider) => {
        if (isBroken) throw new Error("disk full");
        rider.write();
        return outputs.map(() => undefined);
      },
      clock,
      random: new SeededRandom(1),
      logger,
    });
  const draft = (id: string, more: Partial<JobDraft> = {}): JobDraft => ({
    id,
    queue: "orders/:id",
    channel: "orders/7",
    key: id,
    payload: '{"text":"a"}',
    principal: '{"id":"ada"}',
    at: clock.wallTimeMs(),
    dueAt: undefined,
    origin: ownOrigin(id),
    firstSentAt: undefined,
    ...more,
  });
  const stagesOf = (jobs: Jobs<User>, id: string): Stage[] => {
    const stages: Stage[] = [];
    jobs.follow(id, (stage) => void stages.push(stage));
    return stages;
  };
  const runAt = (index: number): Run => {
    const run = executor.runs[index];
    if (run === undefined) throw new Error(`there is no run ${index}`);
    return run;
  };

  it("wait for a place, and begin when there is one", async () => {
    executor.places = 0;
    const jobs = jobsOf();
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(executor.runs).toEqual([]);
    executor.places = 1;
    executor.tellRoom();
    await clock.settle();
    const stages = stagesOf(jobs, "a");
    runAt(0).resolve(done);
    await clock.settle();
    // Where it is, the log does not know any more.
    expect(stages).toEqual([{ stage: "delivered" }]);
    expect((await jobs.find("a"))?.stage).toEqual({ stage: "delivered" });
  });

  it("are tried again when a lease runs out, and what comes too late does not count", async () => {
    const jobs = jobsOf();
    executor.places = 2;
    await jobs.accept(draft("a"));
    await clock.pass(900);
    expect(runAt(0).options.renew()).toBe(true);
    await clock.pass(900);
    expect(executor.runs).toHaveLength(1);
    await clock.pass(200);
    expect(runAt(0).options.abort.signal.reason).toMatchObject({ code: "pipeline/worker-lost" });
    expect(runAt(0).options.renew()).toBe(false);
    runAt(0).resolve(done);
    await clock.settle();
    expect(jobs.snapshot[0]?.counts).toMatchObject({ late: 1, delivered: 0 });
    expect(runAt(1).work.attempt).toBe(2);
    runAt(1).resolve(done);
    await clock.settle();
    expect(jobs.snapshot[0]?.counts).toMatchObject({ delivered: 1 });
  });

  it("leave a failure for each lease that ran out, also where it was the last one", async () => {
    const jobs = jobsOf();
    executor.places = 3;
    await jobs.accept(draft("a"));
    await clock.pass(1_000);
    expect(jobs.snapshot[0]?.counts).toMatchObject({ retried: 1, begun: 2 });
    await clock.pass(1_000);
    const error = expect.stringContaining("gone before it was done");
    expect(await jobs.deadLetters.list()).toMatchObject([
      {
        attempts: 2,
        failures: [
          { attempt: 1, at: 1_001_000, error },
          { attempt: 2, at: 1_002_000, error },
        ],
      },
    ]);
    expect(executor.runs).toHaveLength(2);
    const events = ["pipeline/attempt-failed", "pipeline/too-late", "pipeline/dead", "pipeline/too-late"];
    expect(lines.map(([event]) => event)).toEqual(expect.arrayContaining(events));
  });

  it("go on where the failure of a lease that ran out cannot be noted", async () => {
    const jobs = jobsOf();
    executor.places = 2;
    await jobs.accept(draft("a"));
    const change = store.change.bind(store);
    store.change = (changes) =>
      changes.some(({ kind }) => kind === "failed") ? Promise.reject(new Error("disk full")) : change(changes);
    await clock.pass(1_000);
    expect(lines.map(([event]) => event)).toContain("pipeline/attempt-not-noted");
    runAt(1).resolve(done);
    await clock.settle();
    expect(jobs.snapshot[0]?.counts).toMatchObject({ delivered: 1 });
  });

  it("have not been tried where nobody began with them", async () => {
    const jobs = jobsOf();
    await jobs.accept(draft("a"));
    await clock.settle();
    runAt(0).reject(new BusbarError(noRoomCode, "gone"));
    await clock.settle();
    expect(runAt(1).work.attempt).toBe(1);
    jobs.close();
  });

  it("come too late also where the lease ran out while their outcome was on its way", async () => {
    const jobs = jobsOf();
    await jobs.accept(draft("a"));
    await clock.settle();
    // The time passes at once: the lease is over when the outcome is looked at.
    clock.advance(1_000);
    runAt(0).resolve(done);
    await clock.settle();
    expect(jobs.snapshot[0]?.counts.late).toBe(1);
    jobs.close();
  });

  it("are dead letters where the channel, or the message's form, is gone", async () => {
    const jobs = jobsOf(1);
    await store.accept([draft("a", { channel: "gone" }), draft("b", { payload: '{"other":1}' })]);
    await jobs.load();
    await clock.settle();
    const letters = await jobs.deadLetters.list();
    expect(letters.map(({ failures }) => failures[0]?.error)).toEqual([
      expect.stringContaining("there is no channel gone any more"),
      expect.stringContaining("text"),
    ]);
    await expect(jobs.deadLetters.redrive("a", { data: 1 })).rejects.toMatchObject({ code: "channel/unknown" });
  });

  it("are given up where their record is gone", async () => {
    const jobs = jobsOf();
    await store.accept([draft("a")]);
    await jobs.load();
    store.read = async () => [undefined];
    await clock.settle();
    expect(lines.map(([event]) => event)).toContain("pipeline/job-lost");
    expect(jobs.snapshot[0]?.jobs).toMatchObject({ running: 0, waiting: 0 });
  });

  it("are given back when the server stops while their outcome cannot be written", async () => {
    isBroken = true;
    const jobs = jobsOf();
    await jobs.accept(draft("a"));
    await clock.settle();
    runAt(0).resolve(done);
    await clock.settle();
    jobs.close();
    await jobs.ended();
    expect(lines.map(([event]) => event)).toContain("pipeline/not-settled");
    expect(clock.timerCount).toBe(0);
  });

  it("fail with whatever was thrown", async () => {
    const jobs = jobsOf(1);
    await jobs.accept(draft("a"));
    await clock.settle();
    runAt(0).reject("a text");
    await clock.settle();
    expect((await jobs.deadLetters.get("a"))?.failures[0]?.error).toBe("a text");
  });

  it("are rejected with a reason that is no JSON as with none", async () => {
    const jobs = jobsOf();
    await jobs.accept(draft("a"));
    await clock.settle();
    runAt(0).resolve({ kind: "rejected", reason: undefined });
    await clock.settle();
    expect((await jobs.find("a"))?.stage).toEqual({ stage: "rejected", reason: null });
  });

  it("are held up over a restart by one that waits for its next attempt, which says when", async () => {
    const jobs = jobsOf(3);
    await jobs.accept(draft("a"));
    await clock.settle();
    runAt(0).reject(new Error("no"));
    await clock.settle();
    expect((await jobs.find("a"))?.stage).toMatchObject({ stage: "retrying", attempt: 1 });
    await clock.pass(100);
    expect((await jobs.find("a"))?.stage).toEqual({ stage: "processing", attempt: 2 });
    jobs.close();
  });

  it("that were kept although that was said to have failed are taken up when they are repeated", async () => {
    const jobs = jobsOf();
    const { accept } = store;
    store.accept = async (drafts) => {
      await accept.call(store, drafts);
      throw new Error("fate unknown");
    };
    await expect(jobs.accept(draft("a"))).rejects.toMatchObject({ code: "server/log-unavailable" });
    store.accept = accept.bind(store);
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(executor.runs).toHaveLength(1);
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(executor.runs).toHaveLength(1);
    jobs.close();
  });

  it("of a group are handed on as they were delivered, and go on when somebody is in it again", async () => {
    const jobs = jobsOf();
    const settings = queueSettings({ leaseMs: 1_000 });
    await store.accept([draft("g1", { queue: "group:g", payload: '{"data":5}' }), draft("x")]);
    await jobs.load();
    expect(lines).toEqual([]);
    await jobs.addGroup("group:g", settings);
    await clock.settle();
    executor.places = 5;
    executor.tellRoom();
    await clock.settle();
    const run = executor.runs.find(({ work }) => work.id() === "g1");
    expect(run?.work.message).toEqual({ data: 5 });
    run?.resolve({ kind: "outputs", payload: undefined, emitted: [] });
    await clock.settle();
    expect((await jobs.find("g1"))?.stage).toEqual({ stage: "delivered" });
    expect([jobs.has("group:g"), jobs.hasRoomFor([]), jobs.hasRoomFor([draft("y")])]).toEqual([true, true, true]);
    jobs.removeGroup("group:g");
    expect(jobs.has("group:g")).toBe(false);
    jobs.close();
    executor.tellRoom();
  });

  it("of a group that nobody is in are dead letters as others, to be discarded and redriven", async () => {
    const jobs = jobsOf();
    await store.accept([draft("g1", { queue: "group:g" }), draft("g2", { queue: "group:g", principal: "{}" })]);
    const failure = { attempt: 1, at: 0, error: "no" };
    await store.change([1, 2].map((sequence) => ({ kind: "dead", sequence, failure })));
    await jobs.deadLetters.redrive("g1");
    await jobs.deadLetters.discard("g2");
    expect(await jobs.deadLetters.list()).toEqual([]);
    expect((await jobs.find("g1"))?.stage).toEqual({ stage: "accepted" });
  });

  /** What is known of a message that was just accepted. */
  const known = () => {
    const match = app.match("orders/7");
    if (match === undefined) throw new Error("there is such a channel");
    return { match, data: { text: "a" }, message: { text: "A" }, principal: { id: "bob" } };
  };
  const attemptsOf = async (): Promise<number[]> => (await store.heads(0, 10)).map(({ attempts }) => attempts);

  it("begin with what was known of them when they were accepted, where that is still there", async () => {
    const jobs = jobsOf();
    await jobs.accept(draft("a"), known());
    await clock.settle();
    expect(runAt(0).work).toMatchObject({ message: { text: "A" }, principal: { id: "bob" } });
    jobs.close();
  });

  it("are counted by the store when their first attempt takes longer, and when it fails", async () => {
    const jobs = jobsOf();
    executor.places = 2;
    await Promise.all([jobs.accept(draft("a"), known()), jobs.accept(draft("b"), known())]);
    await clock.pass(19);
    expect(await attemptsOf()).toEqual([0, 0]);
    runAt(1).reject(new Error("no"));
    await clock.settle();
    expect(await attemptsOf()).toEqual([0, 1]);
    expect((await store.heads(0, 1))[0]?.attempts).toBe(0);
    await clock.pass(21);
    expect((await store.heads(0, 1))[0]?.attempts).toBe(1);
    jobs.close();
  });

  it("go on where the store could not count an attempt", async () => {
    const jobs = jobsOf();
    store.change = () => Promise.reject(new Error("disk full"));
    await jobs.accept(draft("a"), known());
    await clock.pass(40);
    expect(lines.map(([event]) => event)).toEqual(["pipeline/attempt-not-noted"]);
    runAt(0).resolve(done);
    await clock.settle();
    expect((await jobs.find("a"))?.stage).toEqual({ stage: "delivered" });
    jobs.close();
  });

  it("report a defect, and hold nobody up", async () => {
    const jobs = jobsOf();
    store.change = () => Promise.reject(new Error("disk full"));
    let hasThrown = false;
    logger.error = (event, fields) => {
      if (hasThrown) return line(event, fields);
      hasThrown = true;
      throw new Error("the logger is broken");
    };
    await jobs.accept(draft("a"));
    await clock.settle();
    expect(lines.map(([event]) => event)).toContain("pipeline/defect");
    jobs.close();
    await jobs.ended();
  });
});
