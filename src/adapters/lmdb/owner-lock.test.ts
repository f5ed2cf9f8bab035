import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { OwnerLock, type OwnerRecord } from "./owner-lock.js";

let folder: string;
let owner: string | undefined;
const record: OwnerRecord = {
  read: () => owner,
  replace: (expected, next) => {
    if (owner !== expected) return false;
    owner = next;
    return true;
  },
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "busbar-lock-"));
  owner = undefined;
});
afterEach(() => rmSync(folder, { recursive: true }));

it("belongs to one, until that one lets go of it", async () => {
  const lock = await OwnerLock.take(folder, record, "first");
  await expect(OwnerLock.take(folder, record, "second")).rejects.toMatchObject({ code: "store/in-use" });
  expect(readdirSync(folder)).toEqual(["first.owner"]);
  await lock.release();
  expect([owner, readdirSync(folder)]).toEqual([undefined, []]);
  await (await OwnerLock.take(folder, record, "third")).release();
});

it("is free at once where its owner has died", async () => {
  owner = "dead";
  const lock = await OwnerLock.take(folder, record, "next");
  expect(owner).toBe("next");
  await lock.release();
});

it("goes to one of two who want it at the same moment", async () => {
  const outcomes = await Promise.allSettled(["a", "b", "c"].map((name) => OwnerLock.take(folder, record, name)));
  const locks = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  expect(locks).toHaveLength(1);
  await locks[0]?.release();
});

it("says that a path is too long for its socket", async () => {
  await expect(OwnerLock.take(`/${"long/".repeat(30)}`, record, "a")).rejects.toMatchObject({
    code: "store/unwritable",
  });
});
