import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { busbar, type Outcome } from "../../test/support/command-line.js";
import { verifyPassword } from "../engine/passwords.js";
import { readUsers } from "../server/users-file.js";

describe("the commands on users", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "busbar-cli-"));
    file = join(folder, "users.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const user = (words: readonly string[], input?: string | readonly string[]): Promise<Outcome> =>
    busbar(["user", ...words, "--file", file], input);

  it("adds a user to a file that only its owner can read", async () => {
    expect(await user(["add", "ada", "--roles", "member,operator"], "correct horse\n")).toMatchObject({ code: 0 });
    const ada = readUsers(file).get("ada");
    expect(ada?.roles).toEqual(["member", "operator"]);
    expect(await verifyPassword("correct horse", ada?.passwordHash)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("has people type a password twice", async () => {
    expect(await user(["add", "ada"], ["correct horse", "correct horse"])).toMatchObject({ code: 0 });
    const twice = await user(["add", "bob"], ["correct horse", "correct house"]);
    expect(twice).toMatchObject({ code: 1, errors: "busbar: the two are not the same" });
    expect(Array.from(readUsers(file).keys())).toEqual(["ada"]);
  });

  it("changes a password and leaves the rest", async () => {
    await user(["add", "ada", "--roles", "member"], "correct horse");
    expect(await user(["passwd", "ada"], "battery staple\r\n")).toMatchObject({ code: 0 });
    const ada = readUsers(file).get("ada");
    expect(ada?.roles).toEqual(["member"]);
    expect(await verifyPassword("battery staple", ada?.passwordHash)).toBe(true);
    expect(await verifyPassword("correct horse", ada?.passwordHash)).toBe(false);
  });

  it("changes roles and leaves the rest, also what it does not know", async () => {
    await user(["add", "ada"], "correct horse");
    writeFileSync(file, readFileSync(file, "utf8").replace('"roles":', '"claims":{"team":1},"note":"first","roles":'));
    const before = readUsers(file).get("ada");
    expect(await user(["roles", "ada", "member,operator"])).toMatchObject({ code: 0 });
    expect(readUsers(file).get("ada")).toEqual({ ...before, roles: ["member", "operator"] });
    expect(await user(["roles", "ada", ""])).toMatchObject({ code: 0 });
    expect(readUsers(file).get("ada")?.roles).toEqual([]);
  });

  it("removes and lists users", async () => {
    await user(["add", "ada", "--roles", "member,operator"], "correct horse");
    await user(["add", "bob"], "correct horse");
    expect((await user(["list"])).printed).toBe("ada\tmember,operator\nbob\t");
    expect(await user(["remove", "ada"])).toMatchObject({ code: 0 });
    expect((await user(["list"])).printed).toBe("bob\t");
  });

  it.each([
    [["add", "bob"], "1234567", "a password has at least 8 characters"],
    [["add", "bob"], "", "a password has at least 8 characters"],
    [["add", "bob"], "correct\nhorse", "a password is one line, without control characters"],
    [["add", "ada"], "correct horse", "has a user ada already"],
    [["passwd", "bob"], "correct horse", "has no user bob"],
    [["roles", "bob", "member"], "", "has no user bob"],
    [["remove", "bob"], "", "has no user bob"],
  ])("refuses %j with %j, and changes nothing", async (words, input, why) => {
    await user(["add", "ada"], "correct horse");
    const before = readFileSync(file, "utf8");
    const { code, errors } = await user(words, input);
    expect([code, errors]).toEqual([1, expect.stringContaining(why)]);
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  it.each([
    [["list"], "the users cannot be read from"],
    [["passwd", "ada"], "the users cannot be read from"],
    [["remove", "ada"], "the users cannot be read from"],
  ])("makes no file for %j", async (words, why) => {
    expect(await user(words)).toMatchObject({ code: 1, errors: expect.stringContaining(why) });
    expect(() => statSync(file)).toThrow(/ENOENT/);
  });
});
