import { beforeEach, describe, expect, it } from "vitest";
import { MemoryGroups } from "./memory-groups.js";

const at = (channel: string, offset = 1) => ({ channel, epoch: "e", offset });

describe("groups in memory", () => {
  let names: string[];
  let groups: MemoryGroups;
  beforeEach(async () => {
    names = ["c", "a", "b"];
    groups = new MemoryGroups(() => names, 2);
    await groups.register({ name: "billing", pattern: "orders/:id" });
  });

  it("let go of where they stood longest ago, where there are more positions than there can be logs", async () => {
    await groups.move("billing", [at("a"), at("b")]);
    await groups.move("billing", [at("a", 2)]);
    await groups.move("billing", [at("c")]);
    expect(await groups.positions("billing", "", 10)).toEqual([at("a", 2), at("c")]);
    expect(await groups.position("billing", "b")).toBeUndefined();
  });

  it("page through the channels as they were when the first page was asked for", async () => {
    expect(await groups.channels("", 2)).toEqual(["a", "b"]);
    names.push("bb");
    expect(await groups.channels("b", 2)).toEqual(["c"]);
    expect(await groups.channels("c", 2)).toEqual([]);
    expect(await groups.channels("a", 2)).toEqual(["b", "bb"]);
  });

  it("note nothing of a group that is not there", async () => {
    await groups.move("other", [at("a")]);
    await groups.register({ name: "other", pattern: "x" });
    expect(await groups.positions("other", "", 10)).toEqual([]);
  });
});
