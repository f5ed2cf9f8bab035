import { describe, expect, it } from "vitest";
import { deferred, type Deferred } from "../../kernel/deferred.js";
import { JobLimiter } from "./job-limiter.js";

/** Jobs that note when they begin and end when the test says so. */
function jobsOf(count: number): { jobs: (() => Promise<number>)[]; begun: number[]; ends: Deferred<number>[] } {
  const begun: number[] = [];
  const ends = Array.from({ length: count }, () => deferred<number>());
  const jobs = ends.map((end, index) => (): Promise<number> => {
    begun.push(index);
    return end.promise;
  });
  return { jobs, begun, ends };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a job limiter", () => {
  it("runs only so many jobs at once, in the order in which they came", async () => {
    const { jobs, begun, ends } = jobsOf(5);
    const limiter = new JobLimiter(2);
    const results = Promise.all(jobs.map((job) => limiter.run(job)));
    await settled();
    expect(begun).toEqual([0, 1]);
    ends[1]?.resolve(11);
    await settled();
    expect(begun).toEqual([0, 1, 2]);
    ends[0]?.resolve(10);
    ends[2]?.resolve(12);
    await settled();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    ends[3]?.resolve(13);
    ends[4]?.resolve(14);
    expect(await results).toEqual([10, 11, 12, 13, 14]);
  });

  it("goes on behind a job that rejects or throws, and passes the error on", async () => {
    const limiter = new JobLimiter(1);
    const rejected = limiter.run(() => Promise.reject(new Error("rejected")));
    const thrown = limiter.run(() => {
      throw new Error("thrown");
    });
    const good = limiter.run(() => Promise.resolve("good"));
    await expect(rejected).rejects.toThrow("rejected");
    await expect(thrown).rejects.toThrow("thrown");
    expect(await good).toBe("good");
    const { jobs, begun } = jobsOf(2);
    const later = jobs.map((job) => limiter.run(job));
    await settled();
    expect([begun, later.length]).toEqual([[0], 2]);
  });

  it("never runs more than its number when a job comes while a place passes from one to the next", async () => {
    let running = 0;
    let most = 0;
    const limiter = new JobLimiter(3);
    const job = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      // From within a job's last step: before its place has been passed on.
      if (started < 50) again();
    };
    let started = 0;
    const all: Promise<void>[] = [];
    const again = (): void => {
      started++;
      all.push(limiter.run(job));
    };
    for (let index = 0; index < 10; index++) again();
    for (const done of all) await done;
    expect([most, started, running]).toEqual([3, 50, 0]);
  });
});
