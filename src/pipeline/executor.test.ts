import { describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { LazyAbort } from "../kernel/lazy-abort.js";
import { LocalExecutor, SplitExecutor, type Executor } from "./executor.js";
import type { Work } from "./production.js";

interface User {
  readonly id: string;
}

const app = contract({ "a/:n": channel({ message: z.unknown() }), "b/:n": channel({ message: z.unknown() }) });
const match = app.match.bind(app);

function workOn(name: string): Work<User> {
  const found = match(name);
  if (found === undefined) throw new Error(`${name} is no channel`);
  return { id: () => "m1", channel: name, match: found, data: 1, message: 1, principal: { id: "ada" }, attempt: 1 };
}

const local = new LocalExecutor<User>({ processors: new Map([["a/:n", (message) => [message]]]), match, emitsMax: 1 });
const options = { abort: new LazyAbort(), renew: () => true };

describe("an executor in this process", () => {
  it("always has a place, and leases nothing", async () => {
    const seat = local.seat();
    expect(await seat.run(workOn("a/1"), options)).toEqual({ kind: "outputs", payload: "[1]", emitted: [] });
    seat.leave();
    expect(local.isLeased()).toBe(false);
    expect(local.onRoom()).toBeUndefined();
  });

  it("keeps messages as they are that have no processor", async () => {
    expect([local.has("a/:n"), local.has("b/:n")]).toEqual([true, false]);
    expect(await local.run(workOn("b/1"), options.abort)).toMatchObject({ payload: "1" });
  });
});

describe("two executors as one", () => {
  const asked: string[] = [];
  const remote: Executor<User> = {
    has: (pattern) => pattern === "b/:n",
    isLeased: () => true,
    seat: () => undefined,
    run: async ({ channel: name }) => {
      asked.push(name);
      return { kind: "rejected", reason: "far away" };
    },
    onRoom: (listener) => listener(),
  };
  const both = new SplitExecutor(local, remote);

  it("send each pattern where it belongs", async () => {
    expect([both.has("a/:n"), both.has("b/:n"), both.has("c")]).toEqual([true, true, false]);
    expect([both.isLeased("a/:n"), both.isLeased("b/:n")]).toEqual([false, true]);
    expect([both.seat("a/:n") === undefined, both.seat("b/:n") === undefined]).toEqual([false, true]);
    expect(await both.run(workOn("a/1"), options.abort)).toMatchObject({ kind: "outputs" });
    expect(await both.run(workOn("b/1"), options.abort)).toEqual({ kind: "rejected", reason: "far away" });
    expect(asked).toEqual(["b/1"]);
  });

  it("tell of room in either", () => {
    let told = 0;
    both.onRoom(() => told++);
    expect(told).toBe(1);
  });
});
