import { describe, expect, it } from "vitest";
import { EndedJobs } from "./ended-jobs.js";

const ended = {
  kind: "ended",
  end: { kind: "delivered" },
  channel: "a",
  origin: { producer: "p", sequence: 1 },
  principal: '{"id":"ada"}',
} as const;

describe("jobs that ended", () => {
  it("are remembered for a while, and forgotten a few at a time", () => {
    const jobs = new EndedJobs({ windowMs: 100, windowMessagesMax: 1000 });
    for (let id = 0; id < 10; id++) jobs.add(String(id), ended, id);
    expect([jobs.find("0"), jobs.count, jobs.forgottenAt]).toEqual([ended, 10, -Infinity]);
    jobs.expire(109, 4);
    expect([jobs.find("3"), jobs.find("4"), jobs.forgottenAt]).toEqual([undefined, ended, 3]);
    jobs.expire(109, 100);
    expect([jobs.count, jobs.find("9")]).toEqual([1, ended]);
    expect([jobs.forgetOldest(), jobs.forgetOldest(), jobs.bytes]).toEqual([true, false, 0]);
  });

  it("are forgotten when there are too many, also while the clock goes back", () => {
    const jobs = new EndedJobs({ windowMs: 1e9, windowMessagesMax: 2 });
    for (const at of [500, 100, 50]) jobs.add(String(at), ended, at);
    expect([jobs.find("500"), jobs.find("100"), jobs.forgottenAt]).toEqual([undefined, ended, 500]);
    jobs.add("x", ended, 60);
    expect(jobs.forgottenAt).toBe(500);
  });

  it("take up more where there is more to remember of them", () => {
    const bytesOf = (reason: string): number => {
      const jobs = new EndedJobs({ windowMs: 100, windowMessagesMax: 2 });
      jobs.add("1", { ...ended, end: { kind: "rejected", reason } }, 1);
      return jobs.bytes;
    };
    expect(bytesOf('"because"') - bytesOf('""')).toBe(7);
  });
});
