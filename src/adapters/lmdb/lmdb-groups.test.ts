import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLogger, type LogFields } from "../../kernel/logger.js";
import type { GroupPosition } from "../../pipeline/group-store.js";
import { NodeRandom } from "../node/random.js";
import { Door } from "./door.js";
import { Environment, type Table } from "./environment.js";
import { LmdbGroups } from "./lmdb-groups.js";

const at = (channel: string, offset: number): GroupPosition => ({ channel, epoch: "e", offset });

describe("groups in the embedded store", () => {
  let folder: string;
  let environment: Environment;
  let door: Door;
  let groups: LmdbGroups;
  let reports: LogFields[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "busbar-groups-"));
    reports = [];
    await open();
    await groups.register({ name: "g", pattern: ":id" });
  });
  afterEach(async () => {
    await environment.close();
    rmSync(folder, { recursive: true });
  });

  const open = async (): Promise<void> => {
    environment = await Environment.open(folder, new NodeRandom());
    door = new Door();
    const error = (event: string, fields?: LogFields) => void reports.push({ event, ...fields });
    groups = new LmdbGroups({ environment, door, logger: { ...silentLogger, error } });
  };
  const reopen = async (): Promise<void> => {
    await door.close();
    await environment.close();
    await open();
  };
  const keysOf = (table: Table): string[] => [...table.getKeys()].map((key) => key.toString());
  /** Have the next record in this table fail the commit that it is in. */
  const failNext = (table: Table) =>
    vi.spyOn(table, "put").mockImplementationOnce(() => {
      throw new Error("a disk error");
    });

  it("leave nothing behind where they are forgotten, or begin anew", async () => {
    await groups.register({ name: "gg", pattern: ":id" });
    for (const name of ["g", "gg"]) await groups.move(name, [at("a", 1), at("b", 2)]);
    await groups.register({ name: "g", pattern: "x/:id" });
    expect([keysOf(environment.groups), keysOf(environment.groupPositions)]).toEqual([
      ["g", "gg"],
      ["gg a", "gg b"],
    ]);
    await groups.forget("gg");
    await reopen();
    expect([keysOf(environment.groups), keysOf(environment.groupPositions)]).toEqual([["g"], []]);
  });

  it("have an fsync cover which there are, and not where they stand", async () => {
    const commit = vi.spyOn(environment, "commit");
    await groups.move("g", [at("a", 1)]);
    await groups.register({ name: "h", pattern: ":id" });
    await groups.register({ name: "h", pattern: ":id" });
    await groups.forget("h");
    expect(commit.mock.calls.map(([isFlushed]) => isFlushed)).toEqual([false, true, true]);
  });

  it("are as they were where a commit fails, and what was asked for behind it is done", async () => {
    await groups.move("g", [at("a", 1)]);
    failNext(environment.groups);
    failNext(environment.groupPositions);
    const outcomes = await Promise.allSettled([
      groups.register({ name: "h", pattern: ":id" }),
      groups.move("h", [at("a", 5)]),
      groups.move("g", [at("a", 2)]),
      groups.register({ name: "i", pattern: ":id" }),
      groups.move("i", [at("a", 3)]),
    ]);
    const said = outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason.code : outcome.value));
    expect(said).toEqual(["store/failed", undefined, "store/failed", false, undefined]);
    await reopen();
    expect((await groups.groups()).map(({ name }) => name)).toEqual(["g", "i"]);
    expect(keysOf(environment.groupPositions)).toEqual(["g a", "i a"]);
    expect([await groups.position("g", "a"), await groups.position("i", "a")]).toEqual([at("a", 1), at("a", 3)]);
  });

  it("are not there where their record is damaged, until they are registered again", async () => {
    await groups.register({ name: "h", pattern: ":id" });
    await environment.groups.put(Buffer.from("g"), Buffer.from("damaged"));
    expect((await groups.groups()).map(({ name }) => name)).toEqual(["h"]);
    expect(reports).toEqual([{ event: "store/corrupt", what: "a group", which: "g" }]);
    expect(await groups.register({ name: "g", pattern: ":id" })).toBe(false);
    expect((await groups.groups()).map(({ name }) => name)).toEqual(["g", "h"]);
  });

  it("stand nowhere on a channel where the record of it is damaged", async () => {
    await groups.move("g", [at("a", 1), at("b", 2), at("c", 3)]);
    await environment.groupPositions.put(Buffer.from("g b"), Buffer.from("damaged"));
    expect(await groups.position("g", "b")).toBeUndefined();
    expect(await groups.positions("g", "", 2)).toEqual([at("a", 1), at("c", 3)]);
    expect(reports.map(({ which }) => which)).toEqual(["g b", "g b"]);
    await groups.move("g", [at("b", 4)]);
    expect(await groups.position("g", "b")).toEqual(at("b", 4));
  });

  it("answer nothing once the store is closed, which waits for what is under way", async () => {
    const moving = groups.move("g", [at("a", 1)]);
    await door.close();
    expect(keysOf(environment.groupPositions)).toEqual(["g a"]);
    await moving;
    await reopen();
    const registering = groups.register({ name: "h", pattern: ":id" });
    await door.close();
    expect(keysOf(environment.groups)).toEqual(["g", "h"]);
    await registering;
    for (const call of [
      () => groups.register({ name: "g", pattern: ":id" }),
      () => groups.forget("g"),
      () => groups.groups(),
      () => groups.position("g", "a"),
      () => groups.positions("g", "", 1),
      () => groups.move("g", []),
      () => groups.channels("", 1),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: "kernel/assertion" });
    }
  });
});
