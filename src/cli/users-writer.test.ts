import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HashedUser } from "../auth/basic.js";
import { readUsers } from "../server/users-file.js";
import { changeUsers, loadUsers } from "./users-writer.js";

const user: HashedUser = { passwordHash: `$scrypt$ln=14,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`, roles: [] };

describe("writing a users file", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "busbar-users-"));
    path = join(folder, "users.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const add = (name: string): Promise<void> => changeUsers(path, (users) => void users.set(name, user), "create");

  it("loses no change of several that come at once, and leaves nothing behind", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    await Promise.all(names.map(add));
    expect(Array.from(readUsers(path).keys()).toSorted()).toEqual(names.toSorted());
    expect(readdirSync(folder)).toEqual(["users.json"]);
  });

  it("changes nothing where the change throws", async () => {
    await add("ada");
    const change = (): never => {
      throw new Error("no");
    };
    await expect(changeUsers(path, change)).rejects.toThrow("no");
    expect(readUsers(path).size).toBe(1);
    expect(readdirSync(folder)).toEqual(["users.json"]);
  });

  it("leaves mode and link as they were", async () => {
    await add("ada");
    chmodSync(path, 0o640);
    const link = join(folder, "link.json");
    symlinkSync(path, link);
    await changeUsers(link, (users) => void users.set("bob", user));
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readUsers(path).size).toBe(2);
  });

  it("waits for whoever else changes it, and says who that is", async () => {
    writeFileSync(`${path}.lock`, "4711\n");
    await expect(add("ada")).rejects.toMatchObject({ code: "cli/locked", message: expect.stringContaining("4711") });
    expect(readdirSync(folder)).toEqual(["users.json.lock"]);
  });

  it("says why it cannot", async () => {
    path = join(folder, "nowhere", "users.json");
    await expect(add("ada")).rejects.toMatchObject({
      code: "cli/not-written",
      message: expect.stringContaining("nowhere"),
    });
    path = join(folder, "folder");
    mkdirSync(path);
    await expect(add("ada")).rejects.toMatchObject({ code: "auth/users-file" });
  });

  it("reads none where there is none, if that is to be made", async () => {
    expect(await loadUsers(path, "create")).toEqual(new Map());
    await expect(loadUsers(path, "refuse")).rejects.toMatchObject({ code: "auth/users-file" });
  });
});
