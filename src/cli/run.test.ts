import { describe, expect, it } from "vitest";
import { busbar } from "../../test/support/command-line.js";

describe("the command line", () => {
  it.each([
    [["nothing"], "there is no such command"],
    [["user"], "there is no such command"],
    [["user", "constructor"], "there is no such command"],
    [["user", "add"], "this is: busbar user add NAME [--roles ROLE,ROLE] [--file FILE]"],
    [["user", "add", "ada", "canary-1"], "this is: busbar user add NAME"],
    [["user", "add", "a:b"], "neither colons nor control characters"],
    [["user", "add", "ada", "--roles", "a b"], "neither blanks"],
    [["user", "list", "--roles", "member"], "busbar user list takes no --roles"],
    [["user", "add", "ada", "--password", "canary-1"], "other users of this machine can read command lines"],
    [["user", "add", "ada", "--pass=canary-1"], "other users of this machine can read command lines"],
    [["user", "add", "ada", "--canary-1"], "an option that is unknown"],
    [["user", "add", "ada", "--roles"], "lacks its value"],
  ])("does not take %j, and repeats nothing of what may be a password", async (line, why) => {
    const { code, errors, printed } = await busbar(line);
    expect([code, errors]).toEqual([2, expect.stringContaining(why)]);
    expect(errors + printed).not.toContain("canary");
  });

  it("says how it is called, and which one it is", async () => {
    for (const line of [[], ["--help"], ["user", "add", "--help"]]) {
      expect(await busbar(line)).toMatchObject({
        code: 0,
        printed: expect.stringContaining("busbar user passwd NAME"),
      });
    }
    expect((await busbar(["--version"])).printed).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
