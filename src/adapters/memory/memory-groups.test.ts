import { beforeEach, describe, expect, it } from "vitest";
import type { GroupPosition } from "../../pipeline/group-store.js";
import { MemoryGroups } from "./memory-groups.js";

const at = (channel: string, offset: number): GroupPosition => ({ channel, epoch: "e", offset });

describe("groups in memory", () => {
  let names: string[];
  let timesAsked: number;
  let groups: MemoryGroups;
  beforeEach(async () => {
    names = [];
    timesAsked = 0;
    const channelNames = (): readonly string[] => {
      timesAsked++;
      return names;
    };
    groups = new MemoryGroups(channelNames, 3);
    await groups.register({ name: "g", pattern: ":id" });
  });

  const standing = async (name = "g"): Promise<string[]> =>
    (await groups.positions(name, "", 100)).map(({ channel, offset }) => `${channel} ${offset}`);

  it("stand on so many channels, those on which they were moved last", async () => {
    await groups.move("g", [at("a", 1), at("b", 1), at("c", 1)]);
    await groups.move("g", [at("a", 2)]);
    await groups.move("g", [at("d", 1)]);
    expect(await standing()).toEqual(["a 2", "c 1", "d 1"]);
    expect(await groups.position("g", "b")).toBeUndefined();
    await groups.move(
      "g",
      ["v", "w", "x", "y", "z"].map((channel) => at(channel, 1)),
    );
    expect(await standing()).toEqual(["x 1", "y 1", "z 1"]);
  });

  it("have room for their channels each", async () => {
    await groups.register({ name: "h", pattern: ":id" });
    await groups.move("g", [at("a", 1), at("b", 1), at("c", 1)]);
    await groups.move("h", [at("d", 1), at("e", 1)]);
    expect([await standing("g"), await standing("h")]).toEqual([
      ["a 1", "b 1", "c 1"],
      ["d 1", "e 1"],
    ]);
  });

  it("stand where they stood when they are registered again, and nowhere with another pattern", async () => {
    await groups.move("g", [at("a", 1)]);
    expect(await groups.register({ name: "g", pattern: ":id" })).toBe(true);
    expect(await standing()).toEqual(["a 1"]);
    expect(await groups.register({ name: "g", pattern: "x/:id" })).toBe(false);
    expect(await standing()).toEqual([]);
  });

  it("stand nowhere when they are forgotten, also when they are moved too late", async () => {
    await groups.move("g", [at("a", 1)]);
    await groups.forget("g");
    await groups.move("g", [at("b", 1)]);
    expect([await groups.groups(), await standing(), await groups.position("g", "a")]).toEqual([[], [], undefined]);
    expect(await groups.register({ name: "g", pattern: ":id" })).toBe(false);
    expect(await standing()).toEqual([]);
  });

  it("page through channels as they were when the first page was asked for", async () => {
    names = ["d", "b", "a", "c"];
    expect(await groups.channels("", 2)).toEqual(["a", "b"]);
    names = ["a", "bb", "c", "e"];
    expect(await groups.channels("b", 2)).toEqual(["c", "d"]);
    expect([await groups.channels("d", 2), timesAsked]).toEqual([[], 1]);
  });

  it("keep no names behind the last page, nor those of one paging for the next", async () => {
    names = ["a", "b"];
    expect([await groups.channels("", 2), await groups.channels("b", 2)]).toEqual([["a", "b"], []]);
    names = ["b", "c"];
    expect([await groups.channels("b", 2), timesAsked]).toEqual([["c"], 2]);
    names = ["c", "d"];
    expect([await groups.channels("", 2), timesAsked]).toEqual([["c", "d"], 3]);
  });
});
