import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLogger, type LogFields } from "../../kernel/logger.js";
import { bytesOf, type JobChange, type JobDraft } from "../../pipeline/job-store.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { NodeRandom } from "../node/random.js";
import { Door } from "./door.js";
import { Environment, type Table } from "./environment.js";
import { LmdbJobs } from "./lmdb-jobs.js";
import { queueKey, sequenceKey } from "./records.js";

const failure = { attempt: 1, at: 1, error: "no" };
const all = { queue: undefined, after: 0, max: 100 };

describe("queued messages in the embedded store", () => {
  let folder: string;
  let environment: Environment;
  let clock: VirtualClock;
  let jobs: LmdbJobs;
  let reports: LogFields[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "busbar-jobs-"));
    clock = new VirtualClock({ wallTimeMs: 1_000_000 });
    reports = [];
    environment = await Environment.open(folder, new NodeRandom());
    jobs = jobsIn(environment);
  });
  afterEach(async () => {
    await environment.close();
    rmSync(folder, { recursive: true });
  });

  const jobsIn = (own: Environment, windowMessagesMax = 100): LmdbJobs => {
    const error = (event: string, fields?: LogFields) => void reports.push({ event, ...fields });
    const limits = { windowMs: 1_000, windowMessagesMax };
    return new LmdbJobs({ environment: own, door: new Door(), clock, logger: { ...silentLogger, error }, limits });
  };
  const reopen = async (windowMessagesMax?: number): Promise<void> => {
    await environment.close();
    environment = await Environment.open(folder, new NodeRandom());
    jobs = jobsIn(environment, windowMessagesMax);
  };
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
  /** Accept messages; gives what became of them, and the places of those that are kept. */
  const accept = async (...drafts: readonly JobDraft[]): Promise<(string | number)[]> =>
    (await jobs.accept(drafts)).map((one) => (one.kind === "accepted" ? one.head.sequence : one.kind));
  const ended = (sequence: number, id: string): JobChange => {
    const { channel, origin, principal } = draft(id);
    return { kind: "ended", sequence, end: { kind: "delivered" }, of: { id, channel, origin, principal } };
  };
  const ids = async (): Promise<string[]> => (await jobs.heads(0, 100)).map(({ id }) => id);
  const dead = async (queue?: string): Promise<string[]> => (await jobs.dead({ ...all, queue })).map(({ id }) => id);
  const counts = (...tables: readonly Table[]): number[] => tables.map((table) => table.getKeysCount());
  const damage = (table: Table, key: Buffer): Promise<boolean> => table.put(key, Buffer.from("damaged"));
  /** Have the next record that is written to, or removed from, this table fail the commit that it is in. */
  const failNext = (table: Table, call: "put" | "remove" = "put") =>
    vi.spyOn(table, call).mockImplementationOnce(() => {
      throw new Error("a disk error");
    });
  const failed = { code: "store/failed", retryable: true };

  it("are covered by an fsync where they come, end, die and live again, and not where an attempt is noted", async () => {
    const commit = vi.spyOn(environment, "commit");
    await accept(draft("1"));
    const changes: readonly JobChange[] = [
      { kind: "begun", sequence: 1, attempts: 1 },
      { kind: "failed", sequence: 1, failure, dueAt: 5 },
      { kind: "dead", sequence: 1, failure },
      { kind: "redriven", sequence: 1, payload: undefined },
      ended(1, "1"),
    ];
    for (const change of changes) await jobs.change([change]);
    await accept(draft("1"));
    expect(commit.mock.calls.map(([isFlushed]) => isFlushed)).toEqual([true, false, false, true, true, true]);
    expect(jobs.rider([]).durability).toBe("disk");
  });

  it("leave nothing but their ids behind when they ended", async () => {
    await accept(draft("1"), draft("2", { queue: "r" }));
    for (const sequence of [1, 2]) await jobs.change([{ kind: "dead", sequence, failure }]);
    await jobs.change([{ kind: "redriven", sequence: 1, payload: '"other"' }]);
    const { dead: graves, deadOf, ends, jobIds, jobs: table, progress } = environment;
    expect(counts(table, progress, graves, deadOf, jobIds, ends)).toEqual([3, 2, 1, 1, 2, 0]);
    await jobs.change([ended(1, "1"), ended(2, "2")]);
    // One of the first is that of the counters.
    expect(counts(table, progress, graves, deadOf, jobIds, ends)).toEqual([1, 0, 0, 0, 2, 2]);
  });

  it("take up what they are when they wait again with another message, also after a restart", async () => {
    await accept(draft("1"), draft("2"));
    await jobs.change([{ kind: "dead", sequence: 1, failure }]);
    await Promise.all([
      jobs.change([{ kind: "redriven", sequence: 1, payload: '"longer"' }]),
      jobs.change([{ kind: "dead", sequence: 1, failure }]),
      jobs.change([{ kind: "redriven", sequence: 1, payload: undefined }]),
    ]);
    await reopen();
    const [one, two] = await jobs.heads(0, 2);
    expect([one?.bytes, two?.bytes]).toEqual([bytesOf(draft("1", { payload: '"longer"' })), bytesOf(draft("2"))]);
    expect([one?.dueAt, await dead(), await dead("q")]).toEqual([undefined, [], []]);
  });

  it("remember after a restart from when on repeats are not known any more", async () => {
    const first = clock.wallTimeMs();
    const repeat = (id: string, firstSentAt = first): JobDraft => draft(id, { firstSentAt });
    await reopen(1);
    expect(await accept(repeat("1"))).toEqual([1]);
    await reopen(1);
    expect(await accept(repeat("2"))).toEqual([2]);
    await jobs.change([ended(1, "1")]);
    await jobs.change([ended(2, "2")]);
    await reopen(1);
    const other = [repeat("1"), repeat("2"), repeat("3", first + 60_000), repeat("4", first + 60_001), draft("1")];
    expect(await accept(...other)).toEqual(["unknown", "repeat", "unknown", 3, 4]);
  });

  describe("where a commit fails", () => {
    it("are not kept, and can be accepted again behind the places that were given", async () => {
      failNext(environment.jobs);
      const both = await Promise.allSettled([accept(draft("1"), draft("2")), accept(draft("2"))]);
      expect(both).toMatchObject([
        { status: "rejected", reason: failed },
        { status: "fulfilled", value: [3] },
      ]);
      expect([await jobs.find("1"), await ids()]).toEqual([undefined, ["2"]]);
      await reopen();
      expect(await accept(draft("1"), draft("2"))).toEqual([4, "repeat"]);
    });

    it("are as they were, and the next change builds on that", async () => {
      await accept(draft("1"));
      await jobs.change([{ kind: "begun", sequence: 1, attempts: 1 }]);
      failNext(environment.dead);
      await expect(jobs.change([{ kind: "dead", sequence: 1, failure }])).rejects.toMatchObject(failed);
      await jobs.change([{ kind: "begun", sequence: 1, attempts: 2 }]);
      await reopen();
      expect(await jobs.read([1])).toMatchObject([{ attempts: 2, failures: [], state: "waiting" }]);
      expect(await dead()).toEqual([]);
    });

    it("have not ended, and end once with the next change", async () => {
      await accept(draft("1"), draft("2"));
      failNext(environment.jobs, "remove");
      await expect(jobs.change([ended(1, "1")])).rejects.toMatchObject(failed);
      expect([await ids(), (await jobs.find("1"))?.kind]).toEqual([["1", "2"], "job"]);
      await jobs.change([ended(1, "1")]);
      expect([await ids(), (await jobs.find("1"))?.kind]).toEqual([["2"], "ended"]);
      expect(counts(environment.ends)).toEqual([1]);
    });

    it("do not push out of the window what ended before", async () => {
      await reopen(2);
      await accept(...["1", "2", "3", "4"].map((id) => draft(id)));
      await jobs.change([ended(1, "1"), ended(2, "2")]);
      failNext(environment.jobs, "remove");
      await expect(jobs.change([ended(3, "3"), ended(4, "4")])).rejects.toMatchObject(failed);
      await jobs.change([ended(3, "3")]);
      const found = await Promise.all(["1", "2", "3", "4"].map((id) => jobs.find(id)));
      expect(found.map((one) => one?.kind)).toEqual([undefined, "ended", "ended", "job"]);
    });
  });

  describe("that were damaged", () => {
    beforeEach(async () => {
      await accept(draft("1"), draft("2"), draft("3"));
    });
    const report = (what: string, which: string | number) => ({ event: "store/corrupt", what, which });

    it("are reported, never given, and can still end", async () => {
      await damage(environment.jobs, sequenceKey(2));
      expect([await ids(), await jobs.read([2]), await jobs.find("2")]).toEqual([["1", "3"], [undefined], undefined]);
      expect(reports).toEqual([1, 2, 3].map(() => report("a queued message", 2)));
      await jobs.change([{ kind: "dead", sequence: 2, failure }]);
      await jobs.change([{ kind: "redriven", sequence: 2, payload: "5" }]);
      await jobs.change([{ kind: "dead", sequence: 2, failure }]);
      expect(await dead()).toEqual([]);
      await jobs.change([ended(2, "2")]);
      expect(counts(environment.dead, environment.deadOf, environment.progress)).toEqual([0, 0, 0]);
      expect((await jobs.find("2"))?.kind).toBe("ended");
    });

    it("leave no dead letter behind when they end, whenever it was that they were damaged", async () => {
      await jobs.change([{ kind: "dead", sequence: 2, failure }]);
      await damage(environment.jobs, sequenceKey(2));
      await jobs.change([ended(2, "2")]);
      expect(counts(environment.dead, environment.deadOf, environment.progress)).toEqual([0, 0, 0]);
    });

    it("begin anew where it is not known what became of them, but for dead letters", async () => {
      await jobs.change([{ kind: "begun", sequence: 1, attempts: 3 }]);
      await jobs.change([{ kind: "dead", sequence: 2, failure }]);
      for (const sequence of [1, 2]) await damage(environment.progress, sequenceKey(sequence));
      expect((await jobs.heads(0, 3)).map(({ attempts, state }) => [attempts, state])).toEqual([
        [0, "waiting"],
        [0, "dead"],
        [0, "waiting"],
      ]);
      expect(reports).toEqual([1, 2].map((sequence) => report("a queued message's progress", sequence)));
      expect(await dead()).toEqual(["2"]);
      await jobs.change([{ kind: "begun", sequence: 1, attempts: 1 }]);
      expect(await jobs.read([1])).toMatchObject([{ attempts: 1, state: "waiting" }]);
    });

    it("are left out of the dead letters that do not list them", async () => {
      for (const sequence of [1, 2, 3]) await jobs.change([{ kind: "dead", sequence, failure }]);
      await damage(environment.dead, sequenceKey(1));
      await damage(environment.deadOf, queueKey("q", sequenceKey(2)));
      expect([await dead(), await dead("q")]).toEqual([
        ["2", "3"],
        ["1", "3"],
      ]);
      expect(reports).toEqual([report("a dead letter", 1), report("a dead letter", 2)]);
    });

    it("are not known by an id that is damaged", async () => {
      await damage(environment.jobIds, Buffer.from("1"));
      expect([await jobs.find("1"), await ids()]).toEqual([undefined, ["1", "2", "3"]]);
      expect(reports).toEqual([report("a queued message's id", "1")]);
    });

    it("are not opened where it is not known which places were given", async () => {
      await damage(environment.jobs, Buffer.from("counters"));
      expect(() => jobsIn(environment)).toThrow(expect.objectContaining({ code: "store/corrupt" }));
    });
  });
});
