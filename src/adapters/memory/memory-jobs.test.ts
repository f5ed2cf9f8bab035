import { beforeEach, describe, expect, it } from "vitest";
import { bytesOf, type Job, type JobChange, type JobDraft } from "../../pipeline/job-store.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { MemoryJobs, type MemoryJobsLimits } from "./memory-jobs.js";

describe("queued messages in memory", () => {
  let clock: VirtualClock;
  beforeEach(() => {
    clock = new VirtualClock({ wallTimeMs: 1_000_000 });
  });

  const jobsWith = (limits: Partial<MemoryJobsLimits> = {}): MemoryJobs =>
    new MemoryJobs(clock, { windowMs: 1_000, windowMessagesMax: 1_000, jobBytesMax: 1e6, ...limits });
  const draft = (id: string, more: Partial<JobDraft> = {}): JobDraft => ({
    id,
    queue: "q",
    channel: "a",
    key: "k",
    payload: "1",
    principal: "{}",
    at: clock.wallTimeMs(),
    dueAt: undefined,
    origin: { producer: id, sequence: 1 },
    firstSentAt: undefined,
    ...more,
  });
  const accept = async (jobs: MemoryJobs, ...ids: readonly string[]): Promise<string[]> =>
    (await jobs.accept(ids.map((id) => draft(id)))).map(({ kind }) => kind);
  const jobOf = async (jobs: MemoryJobs, id: string): Promise<Job> => {
    const found = await jobs.find(id);
    if (found?.kind !== "job") throw new Error(`${id} does not wait`);
    return found.job;
  };
  const ended = ({ channel, id, origin, principal, sequence }: Job): JobChange => ({
    kind: "ended",
    sequence,
    end: { kind: "delivered" },
    of: { id, channel, origin, principal },
  });
  const end = async (jobs: MemoryJobs, ...ids: readonly string[]): Promise<void> => {
    await jobs.change((await Promise.all(ids.map((id) => jobOf(jobs, id)))).map(ended));
  };
  const ids = async (jobs: MemoryJobs): Promise<string[]> => (await jobs.heads(0, 1_000)).map(({ id }) => id);
  const known = async (jobs: MemoryJobs, ...all: readonly string[]): Promise<string[]> => {
    const found = await Promise.all(all.map(async (id) => ((await jobs.find(id)) === undefined ? [] : [id])));
    return found.flat();
  };

  it("take no more bytes than they may: then all of a call is refused for now", async () => {
    const each = bytesOf(draft("1"));
    const jobs = jobsWith({ jobBytesMax: each * 3 });
    await accept(jobs, "1", "2");
    await expect(jobs.accept([draft("3"), draft("4")])).rejects.toMatchObject({ code: "store/full", retryable: true });
    expect([await ids(jobs), jobs.bytes]).toEqual([["1", "2"], each * 2]);
    expect(await accept(jobs, "3")).toEqual(["accepted"]);
    expect(jobs.bytes).toBe(each * 3);
    await expect(jobs.accept([draft("4")])).rejects.toMatchObject({ code: "store/full" });
  });

  it("have room made for them by what is remembered of those that ended, the oldest first", async () => {
    const each = bytesOf(draft("1"));
    const jobs = jobsWith({ jobBytesMax: each * 6 });
    await accept(jobs, "1", "2", "3");
    await end(jobs, "1", "2", "3");
    expect(await known(jobs, "1", "2", "3")).toEqual(["1", "2", "3"]);
    await accept(jobs, "4", "5", "6");
    expect(await known(jobs, "1", "2", "3", "4")).toEqual(["2", "3", "4"]);
    expect(jobs.bytes).toBeLessThanOrEqual(each * 6);
    await accept(jobs, "7", "8", "9");
    expect([await known(jobs, "2", "3"), jobs.bytes]).toEqual([[], each * 6]);
  });

  it("take up what they are, whatever becomes of them", async () => {
    const jobs = jobsWith();
    await accept(jobs, "1");
    const { bytes, sequence } = await jobOf(jobs, "1");
    const failure = { attempt: 1, at: 1, error: "no" };
    await jobs.change([
      { kind: "begun", sequence, attempts: 1 },
      { kind: "dead", sequence, failure },
    ]);
    expect(jobs.bytes).toBe(bytes);
    await jobs.change([{ kind: "redriven", sequence, payload: '"longer"' }]);
    expect([jobs.bytes, (await jobOf(jobs, "1")).bytes]).toEqual([bytes + 7, bytes + 7]);
    await jobs.change([{ kind: "redriven", sequence, payload: undefined }]);
    expect(jobs.bytes).toBe(bytes + 7);
    await end(jobs, "1");
    clock.advance(1_001);
    await jobs.change([]);
    expect(jobs.bytes).toBe(0);
  });

  it("are forgotten with any call behind the window of their ends, and no earlier", async () => {
    for (const call of ["accept", "change"] as const) {
      const jobs = jobsWith({ windowMs: 1_000 });
      await accept(jobs, "1");
      await end(jobs, "1");
      clock.advance(1_000);
      await jobs[call]([]);
      expect(await known(jobs, "1")).toEqual(["1"]);
      clock.advance(1);
      expect(await known(jobs, "1")).toEqual(["1"]);
      await jobs[call]([]);
      expect(await known(jobs, "1")).toEqual([]);
    }
  });

  it("are forgotten a few at a time", async () => {
    const jobs = jobsWith();
    const all = Array.from({ length: 200 }, (_, index) => `m${index}`);
    await accept(jobs, ...all);
    await end(jobs, ...all);
    clock.advance(2_000);
    await jobs.change([]);
    expect(await known(jobs, ...all)).toEqual(all.slice(64));
    await accept(jobs, "x");
    expect(await known(jobs, ...all)).toEqual(all.slice(129));
  });

  it("are forgotten where more ended than are remembered, but not while they wait", async () => {
    const jobs = jobsWith({ windowMessagesMax: 2 });
    await accept(jobs, "1", "2", "3", "4");
    await end(jobs, "3", "1", "4");
    expect(await known(jobs, "1", "2", "3", "4")).toEqual(["1", "2", "4"]);
  });

  it("are not kept again where they may be repeats of what was forgotten", async () => {
    const jobs = jobsWith({ windowMessagesMax: 1 });
    await accept(jobs, "1", "2");
    await end(jobs, "1", "2");
    const at = clock.wallTimeMs();
    const kinds = await jobs.accept([
      draft("1", { firstSentAt: at }),
      draft("2", { firstSentAt: at }),
      draft("3", { firstSentAt: at + 60_000 }),
      draft("4", { firstSentAt: at + 60_001 }),
      draft("1"),
    ]);
    expect(kinds.map(({ kind }) => kind)).toEqual(["unknown", "repeat", "unknown", "accepted", "accepted"]);
  });

  it("do not come back when they ended, whatever is asked of them", async () => {
    const jobs = jobsWith();
    await accept(jobs, "1", "2");
    const one = await jobOf(jobs, "1");
    const { sequence } = one;
    await end(jobs, "1");
    const { bytes } = jobs;
    const failure = { attempt: 1, at: 1, error: "no" };
    await jobs.change([{ kind: "dead", sequence, failure }, { kind: "redriven", sequence, payload: "5" }, ended(one)]);
    expect([await ids(jobs), jobs.bytes, await jobs.read([sequence])]).toEqual([["2"], bytes, [undefined]]);
    expect(await jobs.dead({ queue: "q", after: 0, max: 9 })).toEqual([]);
  });

  it("change with a rider when it is written, and not before", async () => {
    const jobs = jobsWith();
    await accept(jobs, "1");
    const rider = jobs.rider([ended(await jobOf(jobs, "1"))]);
    expect([rider.durability, await ids(jobs)]).toEqual(["memory", ["1"]]);
    rider.write();
    expect(await ids(jobs)).toEqual([]);
  });

  it("are there to be read, and no more, once they are closed", async () => {
    const jobs = jobsWith();
    await accept(jobs, "1");
    jobs.close();
    await expect(jobs.accept([draft("2")])).rejects.toMatchObject({ code: "kernel/assertion" });
    await expect(jobs.change([])).rejects.toMatchObject({ code: "kernel/assertion" });
    expect(await ids(jobs)).toEqual(["1"]);
  });
});
