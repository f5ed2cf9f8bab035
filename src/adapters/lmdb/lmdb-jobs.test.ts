import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger, type LogFields } from "../../kernel/logger.js";
import type { JobDraft, JobHead } from "../../pipeline/job-store.js";
import { ownOrigin } from "../../pipeline/message-id.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { NodeRandom } from "../node/random.js";
import { Environment } from "./environment.js";
import { LmdbStore } from "./lmdb-store.js";
import { sequenceKey } from "./records.js";

const failure = { attempt: 2, at: 7, error: "no" };
const draft = (id: string, queue = "q"): JobDraft => ({
  id,
  queue,
  channel: "c",
  key: "k",
  payload: `"${id}"`,
  principal: "{}",
  at: 5,
  dueAt: undefined,
  origin: ownOrigin(id),
  firstSentAt: undefined,
});

describe("queued messages in the embedded store", () => {
  let folder: string;
  let store: LmdbStore;
  let reports: (LogFields | undefined)[];
  const opened = (): Promise<LmdbStore> => {
    const logger = { ...silentLogger, error: (_: string, fields?: LogFields) => void reports.push(fields) };
    return LmdbStore.open({ path: folder, clock: new VirtualClock(), random: new NodeRandom(), logger });
  };
  const reopen = async (meanwhile?: (environment: Environment) => Promise<void>): Promise<void> => {
    await store.close();
    if (meanwhile !== undefined) {
      const environment = await Environment.open(folder, new NodeRandom());
      await meanwhile(environment);
      await environment.close();
    }
    store = await opened();
  };
  const end = (sequence: number, id: string): Promise<void> => {
    const of = { id, channel: "c", origin: ownOrigin(id), principal: "{}" };
    return store.jobs.change([{ kind: "ended", sequence, end: { kind: "dropped" }, of }]);
  };
  const told = async (): Promise<Pick<JobHead, "id" | "attempts" | "state">[]> =>
    (await store.jobs.heads(0, 10)).map(({ attempts, id, state }) => ({ id, attempts, state }));
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "busbar-jobs-"));
    reports = [];
    store = await opened();
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it("are as they were when the store is opened again, and no sequence is given twice", async () => {
    await store.jobs.accept([draft("a"), draft("b"), draft("c", "other"), draft("d")]);
    await store.jobs.change([
      { kind: "begun", sequence: 1, attempts: 1 },
      { kind: "dead", sequence: 2, failure },
      { kind: "dead", sequence: 3, failure },
    ]);
    await end(4, "d");
    await reopen();
    expect(await told()).toEqual([
      { id: "a", attempts: 1, state: "waiting" },
      { id: "b", attempts: 2, state: "dead" },
      { id: "c", attempts: 2, state: "dead" },
    ]);
    const dead = await store.jobs.dead({ queue: "other", after: 0, max: 10 });
    expect(dead).toMatchObject([{ id: "c", payload: '"c"', failures: [failure] }]);
    expect(await store.jobs.accept([draft("d")])).toEqual([{ kind: "repeat" }]);
    expect(await store.jobs.accept([draft("e")])).toMatchObject([{ head: { sequence: 5 } }]);
  });

  it("are changed by calls that do not wait for one another", async () => {
    await store.jobs.accept([draft("a")]);
    await Promise.all([
      store.jobs.change([{ kind: "dead", sequence: 1, failure }]),
      store.jobs.change([{ kind: "redriven", sequence: 1, payload: '"again"' }]),
      store.jobs.change([{ kind: "begun", sequence: 1, attempts: 1 }]),
    ]);
    expect(await store.jobs.read([1])).toMatchObject([{ payload: '"again"', attempts: 1, state: "waiting" }]);
    expect(await store.jobs.dead({ queue: undefined, after: 0, max: 10 })).toEqual([]);
    await Promise.all([end(1, "a"), store.jobs.change([{ kind: "begun", sequence: 1, attempts: 2 }])]);
    expect(await told()).toEqual([]);
  });

  it("are left out where their record is damaged, and that is reported", async () => {
    await store.jobs.accept([draft("a"), draft("b")]);
    await reopen((environment) =>
      environment.commit(true, [[environment.jobs, sequenceKey(1), Buffer.from("damaged")]]),
    );
    expect(await told()).toEqual([{ id: "b", attempts: 0, state: "waiting" }]);
    expect(reports).toEqual([{ what: "a queued message", which: 1 }]);
  });

  it("stay dead where their progress is damaged", async () => {
    await store.jobs.accept([draft("a")]);
    await store.jobs.change([{ kind: "dead", sequence: 1, failure }]);
    await reopen((environment) =>
      environment.commit(true, [[environment.progress, sequenceKey(1), Buffer.from("damaged")]]),
    );
    expect(await told()).toEqual([{ id: "a", attempts: 0, state: "dead" }]);
    expect(reports).toEqual([{ what: "a queued message's progress", which: 1 }]);
  });

  it("are not begun with at all where the counters are damaged: sequences could be given twice", async () => {
    await store.jobs.accept([draft("a")]);
    await store.close();
    const environment = await Environment.open(folder, new NodeRandom());
    const before = Buffer.from(environment.jobs.getBinary(Buffer.from("counters")) ?? "");
    await environment.commit(true, [[environment.jobs, Buffer.from("counters"), Buffer.from("damaged")]]);
    await environment.close();
    await expect(opened()).rejects.toMatchObject({ code: "store/corrupt" });
    const again = await Environment.open(folder, new NodeRandom());
    await again.commit(true, [[again.jobs, Buffer.from("counters"), before]]);
    await again.close();
    store = await opened();
    expect(await told()).toHaveLength(1);
  });
});
