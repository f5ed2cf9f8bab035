import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Principal } from "../auth/principal.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { LazyAbort } from "../kernel/lazy-abort.js";
import type { Work } from "../pipeline/production.js";
import { GroupExecutor } from "./group-executor.js";

const match = contract({ a: channel({ message: z.unknown() }) }).match("a");
if (match === undefined) throw new Error("there is such a channel");
const principal: Principal = { id: "ada", roles: [], claims: {}, expiresAtMs: undefined };
const work: Work<Principal> = { id: () => "m", channel: "a", match, data: 1, message: 1, principal, attempt: 1 };

describe("the members of a group", () => {
  it("have as many places as they say, and the one with most room is next", async () => {
    const executor = new GroupExecutor();
    const seen: string[] = [];
    let rooms = 0;
    executor.onRoom(() => rooms++);
    const member = (name: string, parallelMax: number) => ({
      parallelMax,
      busy: 0,
      handle: async () => void seen.push(name),
    });
    expect(executor.seat("group:g")).toBeUndefined();
    const leave = [executor.join("group:g", member("one", 1)), executor.join("group:g", member("two", 2))];
    expect(rooms).toBe(2);
    const seats = [1, 2, 3].map(() => executor.seat("group:g"));
    expect(executor.seat("group:g")).toBeUndefined();
    for (const seat of seats) {
      expect(await seat?.run(work, { abort: new LazyAbort(), renew: () => true })).toMatchObject({ kind: "outputs" });
      seat?.leave();
      seat?.leave();
    }
    expect(seen.toSorted()).toEqual(["one", "two", "two"]);
    expect(rooms).toBe(5);
    expect(leave.map((end) => end())).toEqual([false, true]);
    expect(executor.seat("group:g")).toBeUndefined();
  });

  it("are asked for groups alone, and nobody waits for them", async () => {
    const executor = new GroupExecutor();
    expect([executor.has("group:g"), executor.has("a/:n"), executor.isLeased()]).toEqual([true, false, false]);
    await expect(executor.run()).rejects.toMatchObject({ code: "pipeline/no-room" });
  });

  it("tell nobody of room that was not used", () => {
    const executor = new GroupExecutor();
    executor.join("group:g", { parallelMax: 1, busy: 0, handle: async () => {} });
    let rooms = 0;
    executor.onRoom(() => rooms++);
    executor.seat("group:g")?.leave();
    expect(rooms).toBe(0);
  });
});
