import { describe, expect, it } from "vitest";
import { bytesOf, failuresKeptMax, headOf, mayBeForgotten, withFailure, type Job } from "./job-store.js";

const job: Job = {
  sequence: 7,
  id: "m7",
  queue: "orders/:id",
  channel: "orders/1",
  key: "1",
  payload: '{"n":1}',
  principal: '{"id":"ada"}',
  origin: { producer: "p", sequence: 1 },
  at: 5,
  dueAt: 9,
  bytes: 330,
  attempts: 2,
  state: "waiting",
  failures: [],
};

describe("a job", () => {
  it("has a head without its message", () => {
    const { failures, origin, payload, principal, ...head } = job;
    expect(headOf(job)).toEqual(head);
    expect([failures, origin, payload, principal]).not.toContain(undefined);
  });

  it("takes up more where its texts are longer", () => {
    expect(bytesOf({ ...job, payload: `${job.payload}12345` }) - bytesOf(job)).toBe(5);
    expect(bytesOf(job)).toBeGreaterThan(300);
  });

  it("keeps its first failure and the newest ones", () => {
    let tries: Pick<Job, "attempts" | "failures"> = { attempts: 0, failures: [] };
    for (let attempt = 1; attempt <= 20; attempt++) tries = withFailure(tries, { attempt, at: 0, error: "no" });
    expect(tries.attempts).toBe(20);
    expect(tries.failures).toHaveLength(failuresKeptMax);
    expect(tries.failures.map(({ attempt }) => attempt)).toEqual([1, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it("may have been forgotten where its repeat was first sent before, but for a minute on its way", () => {
    const sentAt = (firstSentAt: number | undefined): boolean => mayBeForgotten({ firstSentAt }, 100_000);
    expect([sentAt(undefined), sentAt(100_000), sentAt(160_000), sentAt(160_001)]).toEqual([false, true, true, false]);
  });
});
