import { expect, it } from "vitest";
import { headOf, type Job } from "./job-store.js";

it("a queue keeps all of a job but its message", () => {
  const head = {
    ...{ sequence: 1, id: "a", queue: "q", channel: "c", key: "k", bytes: 5, dueAt: 7, at: 3, attempts: 2 },
    state: "waiting" as const,
  };
  const job: Job = { ...head, payload: "1", principal: "{}", origin: { producer: "p", sequence: 1 }, failures: [] };
  expect(headOf(job)).toEqual(head);
});
