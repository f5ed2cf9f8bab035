import { expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { FreshJobs } from "./fresh-jobs.js";
import type { Job } from "./job-store.js";

const known = {
  match: { pattern: "news", params: {}, definition: channel({ message: z.unknown() }) },
  data: 1,
  message: 1,
  principal: { id: "ada" },
};

const job = (sequence: number, bytes: number): Job => ({
  sequence,
  bytes,
  id: String(sequence),
  queue: "news",
  channel: "news",
  key: "news",
  payload: "1",
  principal: "{}",
  at: 0,
  dueAt: undefined,
  origin: {
    producer: "p",
    sequence,
  },
  attempts: 0,
  failures: [],
  state: "waiting",
});

it("jobs are given once, and those that do not fit are not kept", () => {
  const fresh = new FreshJobs<{ id: string }>(100);
  fresh.add(job(1, 60), known);
  fresh.add(job(2, 60), known);
  expect(fresh.take(2)).toBeUndefined();
  expect(fresh.take(1)).toEqual({ ...known, job: job(1, 60) });
  expect(fresh.take(1)).toBeUndefined();
  fresh.add(job(3, 100), known);
  expect(fresh.take(3)?.job.sequence).toBe(3);
});
