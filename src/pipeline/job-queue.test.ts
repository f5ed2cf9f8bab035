import { describe, expect, it } from "vitest";
import { JobQueue, type QueuePolicy } from "./job-queue.js";
import type { JobHead } from "./job-store.js";

const policy: QueuePolicy = { parallelMax: 10, onFailure: "block", lengthMax: 5, bytesMax: 500, leaseMs: 100 };
const HOUR_MS = 3_600_000;

/** A job whose key is the letter that its name begins with. */
function head(sequence: number, key: string, more: Partial<JobHead> = {}): JobHead {
  return {
    sequence,
    id: `m${sequence}`,
    queue: "orders/:id",
    channel: `orders/${key}`,
    key,
    bytes: 100,
    dueAt: undefined,
    at: 1_000 + sequence,
    attempts: 0,
    state: "waiting",
    ...more,
  };
}

/** A queue with jobs of the given keys, numbered from 1. */
function queueOf(keys: string, change: Partial<QueuePolicy> = {}): JobQueue {
  const queue = new JobQueue({ ...policy, ...change });
  Array.from(keys).forEach((key, index) => queue.add(head(index + 1, key), 0));
  return queue;
}

/** Claims all that can be claimed; the sequences. */
function claimAll(queue: JobQueue, nowMs = 0): number[] {
  const claimed: number[] = [];
  for (let claim = queue.claim(nowMs); claim !== undefined; claim = queue.claim(nowMs)) {
    claimed.push(claim.head.sequence);
  }
  return claimed;
}

const nothing = { waiting: 0, scheduled: 0, running: 0, dead: 0, bytes: 0, oldestAt: undefined, blockedKeys: 0 };

describe("a queue of jobs", () => {
  it("has nothing to do where nothing was added", () => {
    const queue = queueOf("");
    expect(queue.claim(0)).toBeUndefined();
    expect(queue.expire(0)).toEqual([]);
    queue.wake(0);
    expect(queue.dueAtMs).toBeUndefined();
    expect(queue.leaseEndsAtMs).toBeUndefined();
    expect(queue.counts).toEqual(nothing);
  });

  it("processes the jobs of a key one at a time in their order, and keys side by side", () => {
    const queue = queueOf("aabab");
    expect(claimAll(queue)).toEqual([1, 3]);
    expect(queue.finish(3, 1)).toBe(true);
    expect(claimAll(queue)).toEqual([5]);
    expect(queue.finish(1, 1)).toBe(true);
    expect(claimAll(queue)).toEqual([2]);
    queue.finish(5, 1);
    queue.finish(2, 1);
    expect(claimAll(queue)).toEqual([4]);
    queue.finish(4, 1);
    expect(queue.counts).toEqual(nothing);
  });

  it("processes no more jobs at once than it may", () => {
    const queue = queueOf("abcd", { parallelMax: 2 });
    expect(claimAll(queue)).toEqual([1, 2]);
    queue.finish(2, 1);
    expect(claimAll(queue)).toEqual([3]);
  });

  it("lets keys take turns, however much waits under one of them", () => {
    const queue = queueOf("aaaaaabbc", { parallelMax: 1 });
    const order: number[] = [];
    for (let claim = queue.claim(0); claim !== undefined; claim = queue.claim(0)) {
      order.push(claim.head.sequence);
      queue.finish(claim.head.sequence, claim.attempt);
    }
    expect(order).toEqual([1, 7, 9, 2, 8, 3, 4, 5, 6]);
  });

  it("has room for as many jobs and bytes as it may have, dead letters included", () => {
    const queue = queueOf("abcd");
    expect(queue.hasRoomFor(1, 100)).toBe(true);
    expect(queue.hasRoomFor(2, 0)).toBe(false);
    expect(queue.hasRoomFor(0, 101)).toBe(false);
    claimAll(queue);
    queue.bury(1, 1);
    expect(queue.hasRoomFor(2, 0)).toBe(false);
    queue.finish(2, 1);
    expect(queue.hasRoomFor(2, 200)).toBe(true);
    queue.discard(1);
    expect(queue.hasRoomFor(3, 300)).toBe(true);
  });

  it("takes a job up only once", () => {
    expect(() => queueOf("a").add(head(1, "b"), 0)).toThrow("job 1 is in the queue already");
  });

  it("counts what is where, and since when the oldest has been there that is not dead", () => {
    const queue = queueOf("aabcd", { bytesMax: 1_000 });
    queue.add(head(6, "a", { dueAt: 50 }), 0);
    claimAll(queue);
    queue.bury(1, 1);
    queue.retry(3, 1, 20);
    queue.finish(4, 1);
    expect(queue.counts).toEqual({
      waiting: 1,
      scheduled: 2,
      running: 1,
      dead: 1,
      bytes: 500,
      oldestAt: 1_002,
      blockedKeys: 2,
    });
    queue.revive(1);
    expect(queue.counts).toMatchObject({ waiting: 2, dead: 0, oldestAt: 1_001, blockedKeys: 1 });
  });
});

describe("a lease", () => {
  it("ends after a while, and the job waits again at its place with its attempt counted", () => {
    const queue = queueOf("aab");
    queue.claim(0);
    queue.claim(30);
    expect(queue.leaseEndsAtMs).toBe(100);
    expect(queue.expire(99)).toEqual([]);
    expect(queue.expire(100)).toEqual([{ head: head(1, "a"), attempt: 1 }]);
    expect(queue.leaseEndsAtMs).toBe(130);
    expect(queue.claim(100)).toEqual({ head: head(1, "a"), attempt: 2 });
    expect(queue.expire(1_000).map(({ head: { sequence } }) => sequence)).toEqual([3, 1]);
    expect(queue.leaseEndsAtMs).toBeUndefined();
  });

  it("goes on while it is renewed", () => {
    const queue = queueOf("ab");
    queue.claim(0);
    queue.claim(0);
    expect(queue.renew(1, 1, 60)).toBe(true);
    expect(queue.leaseEndsAtMs).toBe(100);
    expect(queue.expire(100)).toHaveLength(1);
    expect(queue.leaseEndsAtMs).toBe(160);
    expect(queue.renew(2, 1, 100)).toBe(false);
    expect(queue.renew(3, 1, 100)).toBe(false);
  });

  it("that nobody took away is good, however late it is", () => {
    const queue = queueOf("a");
    queue.claim(0);
    expect(queue.renew(1, 1, 500)).toBe(true);
    expect(queue.expire(599)).toEqual([]);
    expect(queue.finish(1, 1)).toBe(true);
  });

  it("lets no outcome count that comes after it", () => {
    const queue = queueOf("aa");
    queue.claim(0);
    queue.expire(100);
    for (const attempt of [1, 2]) {
      expect(queue.finish(1, attempt)).toBe(false);
      expect(queue.retry(1, attempt, 0)).toBe(false);
      expect(queue.bury(1, attempt)).toBe(false);
      expect(queue.release(1, attempt)).toBe(false);
    }
    queue.claim(100);
    expect(queue.finish(1, 1)).toBe(false);
    expect(queue.counts).toMatchObject({ waiting: 1, running: 1 });
    expect(queue.finish(1, 2)).toBe(true);
    expect(queue.finish(1, 2)).toBe(false);
  });

  it("without an end is never waited for", () => {
    const queue = queueOf("a", { leaseMs: Infinity });
    queue.claim(0);
    expect(queue.leaseEndsAtMs).toBeUndefined();
    expect(queue.renew(1, 1, 10)).toBe(true);
    expect(queue.expire(Number.MAX_VALUE)).toEqual([]);
    expect(queue.finish(1, 1)).toBe(true);
  });

  it("that was given back untried is no attempt", () => {
    const queue = queueOf("aa");
    queue.claim(0);
    expect(queue.release(1, 1)).toBe(true);
    expect(queue.leaseEndsAtMs).toBeUndefined();
    expect(queue.claim(0)).toEqual({ head: head(1, "a"), attempt: 1 });
  });
});

describe("a job that fails", () => {
  it("holds up its key with `block`, and no other", () => {
    const queue = queueOf("aab");
    claimAll(queue);
    expect(queue.retry(1, 1, 500)).toBe(true);
    queue.finish(3, 1);
    expect(claimAll(queue)).toEqual([]);
    expect(queue.dueAtMs).toBe(500);
    expect(queue.counts).toMatchObject({ waiting: 1, scheduled: 1, blockedKeys: 1 });
    queue.wake(500);
    expect(queue.claim(0)).toEqual({ head: head(1, "a"), attempt: 2 });
    queue.finish(1, 2);
    expect(claimAll(queue)).toEqual([2]);
  });

  it("lets the later ones of its key go on with `skip`, and is tried before the rest of them", () => {
    const queue = queueOf("aaaa", { onFailure: "skip" });
    queue.claim(0);
    queue.retry(1, 1, 500);
    expect(queue.counts.blockedKeys).toBe(0);
    expect(claimAll(queue)).toEqual([2]);
    queue.wake(500);
    expect(claimAll(queue)).toEqual([]);
    queue.finish(2, 1);
    expect(claimAll(queue)).toEqual([1]);
    queue.finish(1, 2);
    expect(claimAll(queue)).toEqual([3]);
  });

  it("that was the only one of its key comes back with `skip` as well", () => {
    const queue = queueOf("a", { onFailure: "skip" });
    queue.claim(0);
    queue.retry(1, 1, 500);
    expect(claimAll(queue)).toEqual([]);
    queue.wake(500);
    expect(claimAll(queue)).toEqual([1]);
  });

  it("is tried after its delay although the wall clock was set back", () => {
    const queue = queueOf("a");
    queue.wake(HOUR_MS);
    queue.claim(0);
    queue.retry(1, 1, HOUR_MS + 500);
    queue.wake(10);
    expect(queue.dueAtMs).toBe(510);
    queue.wake(510);
    expect(claimAll(queue)).toEqual([1]);
  });
});

describe("a queue that only hears of the wall clock with new jobs", () => {
  it("holds no retry up all the same when the clock was set back", () => {
    const queue = queueOf("a");
    queue.wake(HOUR_MS);
    queue.claim(0);
    queue.retry(1, 1, HOUR_MS + 500);
    queue.add(head(2, "b"), 10);
    expect(queue.dueAtMs).toBe(510);
  });
});

describe("a dead letter", () => {
  it("holds up its key with `block` until it is discarded", () => {
    const queue = queueOf("aa");
    queue.claim(0);
    expect(queue.bury(1, 1)).toBe(true);
    expect(claimAll(queue)).toEqual([]);
    expect(queue.counts).toMatchObject({ waiting: 1, dead: 1, blockedKeys: 1, oldestAt: 1_002 });
    expect(queue.discard(1)).toBe(true);
    expect(claimAll(queue)).toEqual([2]);
    expect(queue.discard(1)).toBe(false);
    expect(queue.discard(2)).toBe(false);
  });

  it("that is redriven is tried from the first attempt, before all others of its key", () => {
    for (const onFailure of ["block", "skip"] as const) {
      const queue = queueOf("aaa", { onFailure });
      queue.claim(0);
      queue.bury(1, 1);
      expect(queue.revive(1)).toBe(true);
      expect(queue.revive(1)).toBe(false);
      expect(queue.claim(0), onFailure).toEqual({ head: head(1, "a"), attempt: 1 });
      queue.finish(1, 1);
      expect(claimAll(queue)).toEqual([2]);
    }
    expect(queueOf("").revive(1)).toBe(false);
  });

  it("lets the later ones of its key go on with `skip`", () => {
    const queue = queueOf("aaa", { onFailure: "skip" });
    queue.claim(0);
    queue.bury(1, 1);
    expect(claimAll(queue)).toEqual([2]);
    queue.revive(1);
    queue.finish(2, 1);
    expect(claimAll(queue)).toEqual([1]);
    queue.bury(1, 1);
    expect(queue.discard(1)).toBe(true);
    expect(claimAll(queue)).toEqual([3]);
  });
});

describe("a job that is scheduled", () => {
  it("holds nobody up before its time, and joins its key's line when that comes", () => {
    const queue = queueOf("");
    queue.add(head(1, "a", { dueAt: 50 }), 0);
    for (const sequence of [2, 3, 4]) queue.add(head(sequence, "a"), 0);
    expect(queue.counts).toMatchObject({ waiting: 3, scheduled: 1, blockedKeys: 0, oldestAt: 1_001 });
    expect(queue.dueAtMs).toBe(50);
    expect(claimAll(queue)).toEqual([2]);
    queue.finish(2, 1);
    queue.wake(50);
    queue.add(head(5, "a"), 50);
    const order: number[] = [];
    for (let claim = queue.claim(0); claim !== undefined; claim = queue.claim(0)) {
      order.push(claim.head.sequence);
      queue.finish(claim.head.sequence, claim.attempt);
    }
    expect(order).toEqual([3, 4, 1, 5]);
  });

  it("stands before what is accepted after its time", () => {
    const queue = queueOf("");
    queue.add(head(1, "a", { dueAt: 50 }), 0);
    queue.add(head(2, "a"), 50);
    expect(queue.dueAtMs).toBeUndefined();
    expect(claimAll(queue)).toEqual([1]);
  });

  it("waits for its time by the wall clock, whichever way that jumps", () => {
    const queue = queueOf("");
    queue.add(head(1, "a", { dueAt: HOUR_MS }), HOUR_MS - 10);
    queue.add(head(2, "b", { dueAt: 2 * HOUR_MS }), HOUR_MS - 10);
    queue.wake(0);
    expect(queue.dueAtMs).toBe(HOUR_MS);
    queue.wake(HOUR_MS - 1);
    expect(claimAll(queue)).toEqual([]);
    queue.wake(3 * HOUR_MS);
    expect(claimAll(queue)).toEqual([1, 2]);
  });

  it("is due at once where its time has come", () => {
    const queue = queueOf("");
    queue.add(head(1, "a", { dueAt: 50 }), 50);
    expect(claimAll(queue)).toEqual([1]);
  });
});

describe("a queue that is built again from what was kept", () => {
  it("begins with what was tried, then goes on by age", () => {
    for (const onFailure of ["block", "skip"] as const) {
      const queue = queueOf("", { onFailure });
      queue.add(head(1, "a", { dueAt: 40 }), 50);
      queue.add(head(2, "a"), 50);
      queue.add(head(3, "a", { attempts: 2 }), 50);
      queue.add(head(4, "b", { attempts: 1, dueAt: 40 }), 50);
      expect(queue.claim(0), onFailure).toMatchObject({ head: { sequence: 3 }, attempt: 3 });
      expect(queue.claim(0)).toMatchObject({ head: { sequence: 4 }, attempt: 2 });
      queue.finish(3, 3);
      expect(claimAll(queue)).toEqual([1]);
    }
  });

  it("holds with `block` what was held before", () => {
    const queue = queueOf("");
    queue.add(head(1, "a", { attempts: 1, dueAt: 500 }), 50);
    queue.add(head(2, "a"), 50);
    queue.add(head(3, "b"), 50);
    queue.add(head(4, "b", { attempts: 8, state: "dead" }), 50);
    expect(queue.counts).toMatchObject({ waiting: 2, scheduled: 1, dead: 1, blockedKeys: 2 });
    expect(claimAll(queue)).toEqual([]);
    queue.wake(500);
    expect(queue.discard(4)).toBe(true);
    expect(claimAll(queue)).toEqual([1, 3]);
  });

  it("lets everything else go on with `skip`", () => {
    const queue = queueOf("", { onFailure: "skip" });
    queue.add(head(1, "a", { attempts: 1, dueAt: 500 }), 50);
    queue.add(head(2, "a"), 50);
    queue.add(head(3, "b", { attempts: 8, state: "dead" }), 50);
    queue.add(head(4, "b"), 50);
    expect(claimAll(queue)).toEqual([2, 4]);
    queue.revive(3);
    queue.finish(4, 1);
    expect(claimAll(queue)).toEqual([3]);
  });

  it("works a key's failures off one after the other that came from a time with `skip`", () => {
    const queue = queueOf("");
    queue.add(head(1, "a", { attempts: 8, state: "dead" }), 50);
    queue.add(head(2, "a", { attempts: 8, state: "dead" }), 50);
    queue.add(head(3, "a", { attempts: 8, state: "dead" }), 50);
    queue.add(head(4, "a"), 50);
    queue.discard(2);
    queue.revive(1);
    expect(claimAll(queue)).toEqual([1]);
    queue.finish(1, 1);
    expect(queue.counts).toMatchObject({ dead: 1, blockedKeys: 1 });
    queue.revive(3);
    expect(claimAll(queue)).toEqual([3]);
    queue.finish(3, 1);
    expect(claimAll(queue)).toEqual([4]);
  });
});
