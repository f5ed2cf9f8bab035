import { expect, it } from "vitest";
import { MemoryJobs } from "../adapters/memory/memory-jobs.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { DeadLetters } from "./dead-letters.js";
import { ownOrigin } from "./message-id.js";

it("dead letters are listed page by page, with what is known of each", async () => {
  const clock = new VirtualClock();
  const store = new MemoryJobs(clock, { windowMs: 1000, windowMessagesMax: 10, jobBytesMax: 1_000_000 });
  const ids = Array.from({ length: 120 }, (_, index) => `m${index}`);
  await store.accept(
    ids.map((id) => ({
      id,
      queue: "q",
      channel: "c",
      key: "k",
      payload: "1",
      principal: '{"id":"ada"}',
      at: 5,
      dueAt: undefined,
      origin: ownOrigin(id),
      firstSentAt: undefined,
    })),
  );
  const failure = { attempt: 1, at: 7, error: "no" };
  await store.change(ids.map((_, index) => ({ kind: "dead", sequence: index + 1, failure })));
  const letters = new DeadLetters({
    store,
    match: () => undefined,
    note: (change) => store.change([change]),
    line: () => undefined,
    onChange: () => {},
  });
  const first = await letters.list({ max: 1_000 });
  expect(first).toHaveLength(100);
  expect(first[0]).toEqual({
    id: "m0",
    channel: "c",
    queue: "q",
    key: "k",
    data: 1,
    from: "ada",
    at: 5,
    attempts: 1,
    failures: [failure],
    sequence: 1,
  });
  expect(await letters.list({ after: 100 })).toHaveLength(20);
  expect(await letters.list({ queue: "other" })).toEqual([]);
  expect(await letters.discardAll("q")).toBe(120);
  await expect(letters.redrive("m0")).rejects.toMatchObject({ code: "dead/unknown" });
});
