import { describe, expect, it } from "vitest";
import { JobQueue, type QueuePolicy } from "../../src/pipeline/job-queue.js";
import type { JobHead } from "../../src/pipeline/job-store.js";
import { collectGarbage } from "../support/garbage.js";

const LARGE = 100_000;
const SMALL = LARGE / 16;

/**
 * So many times as long may 16 times as many jobs take. On two cores with Node 20 it was 21 to 56, also with both cores
 * busy (caches, beside the logarithm), and 151 to 258 with a loop over all jobs planted in `bury`.
 */
const GROWTH_MAX = 100;

const policy: QueuePolicy = {
  parallelMax: 64,
  onFailure: "block",
  lengthMax: LARGE,
  bytesMax: Infinity,
  leaseMs: 15_000,
};

function queueOf(count: number, keyCount: number, change: Partial<QueuePolicy> = {}): JobQueue {
  const queue = new JobQueue({ ...policy, ...change });
  fill(queue, count, keyCount);
  return queue;
}

function fill(queue: JobQueue, count: number, keyCount: number): void {
  for (const head of headsOf(count, keyCount)) queue.add(head, 0);
}

function headsOf(count: number, keyCount: number): JobHead[] {
  return Array.from({ length: count }, (_, index) => ({
    sequence: index + 1,
    id: "",
    queue: "",
    channel: "",
    key: `key ${index % keyCount}`,
    bytes: 1,
    dueAt: undefined,
    at: 0,
    attempts: 0,
    state: "waiting",
  }));
}

/** Has every job lose its lease once, fail once, die, be redriven and end, with a look at the figures each time. */
function work(queue: JobQueue, count: number): void {
  let [now, wall, ended] = [0, 0, 0];
  const dead: number[] = [];
  const redriven = new Set<number>();
  for (let step = 0; ended < count; step++) {
    if (step > 10 * count) throw new Error(`${count - ended} jobs are left`);
    const claim = queue.claim(now);
    if (claim === undefined) {
      now = Math.max(now, queue.leaseEndsAtMs ?? 0);
      wall = Math.max(wall, queue.dueAtMs ?? 0);
      queue.expire(now);
      queue.wake(wall);
      for (const sequence of dead.splice(0)) if (queue.revive(sequence)) redriven.add(sequence);
      continue;
    }
    const { attempt, head } = claim;
    if (queue.counts.oldestAt === undefined) throw new Error("a job is running, and none is the oldest");
    if (redriven.has(head.sequence)) {
      if (queue.finish(head.sequence, attempt)) ended++;
    } else if (attempt === 1) queue.renew(head.sequence, attempt, now);
    else if (attempt === 2) queue.retry(head.sequence, attempt, wall + 10);
    else if (queue.bury(head.sequence, attempt)) dead.push(head.sequence);
  }
}

function cpuMs(task: () => void): number {
  const before = process.cpuUsage();
  task();
  const { system, user } = process.cpuUsage(before);
  return (system + user) / 1_000;
}

/** With the bytes that a job takes up at most beside its head: 144 and 403 on Node 20. */
const cases = [
  ["one key, block", 1, "block", 200],
  ["one key, skip", 1, "skip", 200],
  ["a key for each, block", LARGE, "block", 500],
  ["a key for each, skip", LARGE, "skip", 500],
] as const;

/** So many bytes may be left of each job that has ended: the measurement's noise. A lane that stays has 220. */
const LEFT_BYTES_MAX = 20;

describe("a queue of 100,000 jobs", () => {
  it.each(cases)("goes through none of them for another (%s)", { timeout: 120_000 }, (_name, keyCount, onFailure) => {
    const run = (count: number): number => cpuMs(() => work(queueOf(count, keyCount, { onFailure }), count));
    const small = Math.min(...Array.from({ length: 5 }, () => run(SMALL)));
    expect(run(LARGE) / small).toBeLessThan(GROWTH_MAX);
  });

  it.each(cases)(
    "takes little memory, and gives it back (%s)",
    { timeout: 120_000 },
    async (...[, keyCount, onFailure, bytesMax]) => {
      const heads = headsOf(LARGE, keyCount);
      const queue = queueOf(0, keyCount, { onFailure });
      const empty = await collectGarbage();
      for (const head of heads) queue.add(head, 0);
      const perJob = ((await collectGarbage()) - empty) / LARGE;
      expect(perJob).toBeLessThan(bytesMax);
      work(queue, LARGE);
      expect(queue.counts).toMatchObject({ waiting: 0, scheduled: 0, running: 0, dead: 0 });
      const left = ((await collectGarbage()) - empty) / LARGE;
      expect(left).toBeLessThan(LEFT_BYTES_MAX);
      expect(heads).toHaveLength(LARGE);
    },
  );
});
