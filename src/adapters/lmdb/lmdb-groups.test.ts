import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger, type LogFields } from "../../kernel/logger.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { NodeRandom } from "../node/random.js";
import { Environment } from "./environment.js";
import { LmdbStore } from "./lmdb-store.js";

const at = (channel: string, offset = 1) => ({ channel, epoch: "e", offset });

describe("groups in the embedded store", () => {
  let folder: string;
  let store: LmdbStore;
  let reports: (LogFields | undefined)[];
  const opened = (): Promise<LmdbStore> => {
    const logger = { ...silentLogger, error: (_: string, fields?: LogFields) => void reports.push(fields) };
    return LmdbStore.open({ path: folder, clock: new VirtualClock(), random: new NodeRandom(), logger });
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "busbar-groups-"));
    reports = [];
    store = await opened();
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it("stand where they stood when the store is opened again", async () => {
    await store.groups.register({ name: "billing", pattern: "orders/:id" });
    await store.groups.move("billing", [at("orders/2"), at("orders/1", 5)]);
    await store.close();
    store = await opened();
    expect(await store.groups.groups()).toEqual([{ name: "billing", pattern: "orders/:id" }]);
    expect(await store.groups.positions("billing", "", 10)).toEqual([at("orders/1", 5), at("orders/2")]);
    expect(await store.groups.positions("billing", "orders/1", 10)).toEqual([at("orders/2")]);
  });

  it("keep to their own positions, whatever their names begin with", async () => {
    for (const name of ["a", "a-b", "a.b", "a~"]) {
      await store.groups.register({ name, pattern: "c/:id" });
      await store.groups.move(name, [at("c/1", name.length)]);
    }
    expect(await store.groups.positions("a", "", 10)).toEqual([at("c/1", 1)]);
    await store.groups.forget("a");
    expect(await store.groups.positions("a", "", 10)).toEqual([]);
    expect(await store.groups.positions("a-b", "", 10)).toEqual([at("c/1", 3)]);
  });

  it("note nothing of a group that was forgotten while it moved", async () => {
    await store.groups.register({ name: "a", pattern: "c/:id" });
    const forgotten = store.groups.forget("a");
    await Promise.all([forgotten, store.groups.move("a", [at("c/1")])]);
    expect(await store.groups.register({ name: "a", pattern: "c/:id" })).toBe(false);
    expect(await store.groups.positions("a", "", 10)).toEqual([]);
  });

  it("leave out what is damaged, and report it", async () => {
    await store.groups.register({ name: "a", pattern: "c/:id" });
    await store.groups.move("a", [at("c/1"), at("c/2")]);
    await store.close();
    const environment = await Environment.open(folder, new NodeRandom());
    await environment.commit(true, [[environment.groupPositions, Buffer.from("a c/1"), Buffer.from("damaged")]]);
    await environment.close();
    store = await opened();
    expect(await store.groups.positions("a", "", 10)).toEqual([at("c/2")]);
    expect(await store.groups.position("a", "c/1")).toBeUndefined();
    expect(reports).toEqual([1, 2].map(() => ({ what: "a group", which: "a c/1" })));
  });
});
