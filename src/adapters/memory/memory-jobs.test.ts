import { beforeEach, describe, expect, it } from "vitest";
import { ownOrigin } from "../../pipeline/message-id.js";
import type { JobDraft } from "../../pipeline/job-store.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { MemoryJobs } from "./memory-jobs.js";

const limits = { windowMs: 1_000, windowMessagesMax: 100, jobBytesMax: 1_000 };

describe("queued messages in memory", () => {
  let clock: VirtualClock;
  let jobs: MemoryJobs;
  beforeEach(() => {
    clock = new VirtualClock({ wallTimeMs: 1_000_000 });
    jobs = new MemoryJobs(clock, limits);
  });

  const draft = (id: string, more: Partial<JobDraft> = {}): JobDraft => ({
    id,
    queue: "q",
    channel: "c",
    key: "k",
    payload: "1",
    principal: "{}",
    at: clock.wallTimeMs(),
    dueAt: undefined,
    origin: ownOrigin(id),
    firstSentAt: undefined,
    ...more,
  });
  const end = async (sequence: number, id: string): Promise<void> => {
    const of = { id, channel: "c", origin: ownOrigin(id), principal: "{}" };
    await jobs.change([{ kind: "ended", sequence, end: { kind: "dropped" }, of }]);
  };

  it("are refused where more bytes would wait than there may, and what waits stays", async () => {
    await jobs.accept([draft("a"), draft("b")]);
    await expect(jobs.accept([draft("c", { payload: "x".repeat(500) })])).rejects.toMatchObject({ code: "store/full" });
    expect((await jobs.heads(0, 10)).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("push out what is remembered of those that ended, where the bytes are needed", async () => {
    await jobs.accept([draft("a")]);
    await end(1, "a");
    expect(await jobs.find("a")).toMatchObject({ kind: "ended" });
    await jobs.accept([draft("b", { payload: "x".repeat(600) })]);
    expect(await jobs.find("a")).toBeUndefined();
    await end(2, "b");
    // Nobody knows whether this one is a repeat of it.
    expect(await jobs.accept([draft("a", { firstSentAt: clock.wallTimeMs() })])).toEqual([{ kind: "unknown" }]);
  });

  it("are forgotten when they ended longer ago than the window, and take up nothing then", async () => {
    await jobs.accept([draft("a")]);
    await end(1, "a");
    expect(await jobs.accept([draft("a")])).toEqual([{ kind: "repeat" }]);
    await clock.pass(1_001);
    await jobs.change([]);
    expect([await jobs.find("a"), jobs.bytes]).toEqual([undefined, 0]);
    expect(await jobs.accept([draft("a")])).toMatchObject([{ kind: "accepted", head: { sequence: 2 } }]);
  });

  it("are not taken any more when the store is closed", async () => {
    jobs.close();
    await expect(jobs.accept([draft("a")])).rejects.toThrow("closed");
    await expect(jobs.change([])).rejects.toThrow("closed");
  });
});
