/** Groups of server-side subscribers, and queued messages, over restarts of a server with a store on disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channel, contract } from "busbar";
import {
  basic,
  queued,
  serve,
  silentLogger,
  type BusServer,
  type GroupMessage,
  type ServeOptions,
} from "busbar/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { deferred } from "../../src/kernel/deferred.js";

const app = contract({
  "orders/:shop": channel({ message: z.object({ n: z.number() }) }),
  "short/:shop": channel({ message: z.object({ n: z.number() }), history: { keep: 2 } }),
  "scratch/:shop": channel({ message: z.object({ n: z.number() }), durability: "memory" }),
});
type App = typeof app;
type Seen = Pick<GroupMessage<{ n: number }, unknown>, "channel" | "data" | "position">;

let folder: string;
let server: BusServer<App> | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "busbar-groups-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** Start the server, or start it again on the same store. */
async function start(options: Partial<ServeOptions<App>> = {}): Promise<BusServer<App>> {
  await server?.close();
  server = await serve(app, { store: folder, authenticate: basic({}), logger: silentLogger, ...options });
  return server;
}

async function publish(
  on: BusServer<App>,
  name: "orders/a" | "orders/b" | "short/a" | "scratch/a",
  ...numbers: number[]
) {
  await on.channel(name).publishAll(numbers.map((n) => ({ n })));
}

describe("a group of subscribers", () => {
  it("begins behind what is there, and goes on where it stood after restarts", async () => {
    let on = await start();
    await publish(on, "orders/a", 1);
    const seen: number[] = [];
    const follow = () => on.subscribe("orders/:shop", { group: "billing" }, ({ data }) => void seen.push(data.n));
    await follow();
    await publish(on, "orders/a", 2, 3);
    await expect.poll(() => seen).toEqual([2, 3]);
    on = await start();
    await publish(on, "orders/a", 4);
    await publish(on, "orders/b", 5);
    await follow();
    await publish(on, "orders/a", 6);
    await expect.poll(() => seen.toSorted()).toEqual([2, 3, 4, 5, 6]);
    expect(seen.filter((n) => n !== 5)).toEqual([2, 3, 4, 6]);
  });

  it("begins with the oldest message where that is asked for, and knows where each one is", async () => {
    const on = await start();
    await publish(on, "orders/a", 1, 2);
    const seen: Seen[] = [];
    await on.subscribe(
      "orders/:shop",
      { group: "all", from: "start" },
      ({ channel: name, data, from, params, position }) => {
        expect([from, params]).toEqual(["server", { shop: "a" }]);
        seen.push({ channel: name, data, position });
      },
    );
    await expect
      .poll(() => seen.map(({ channel: name, data, position }) => [name, data.n, position.offset]))
      .toEqual([
        ["orders/a", 1, 1],
        ["orders/a", 2, 2],
      ]);
  });

  it("shares the work among its members, and what one leaves goes to the others", async () => {
    const on = await start();
    const seen: string[] = [];
    const bothBegan = deferred<void>();
    const join1 = (name: string) =>
      on.subscribe("orders/:shop", { group: "team", parallelMax: 1, key: ({ n }) => String(n) }, async () => {
        seen.push(name);
        if (seen.length >= 2) bothBegan.resolve();
        // One by itself has only one at a time: the second message is the other's.
        await bothBegan.promise;
      });
    const one = await join1("one");
    const two = await join1("two");
    await publish(on, "orders/a", ...Array.from({ length: 20 }, (_, n) => n));
    await expect.poll(() => seen.length).toBe(20);
    expect(new Set(seen)).toEqual(new Set(["one", "two"]));
    await one.close();
    await publish(on, "orders/a", 20, 21);
    await expect.poll(() => seen.slice(20)).toEqual(["two", "two"]);
    await two.close();
    await publish(on, "orders/a", 22);
    await join1("three");
    await expect.poll(() => seen.slice(22)).toEqual(["three"]);
  });

  it("tries again what its handler threw on, with the same key, and has dead letters of its own", async () => {
    const on = await start();
    const attempts: [number, string][] = [];
    const options = { group: "fussy", attemptsMax: 2, backoff: { firstMs: 5 }, onFailure: "skip" } as const;
    await on.subscribe("orders/:shop", options, ({ data }, { attempt, idempotencyKey }) => {
      attempts.push([attempt, idempotencyKey]);
      if (data.n === 1) throw new Error("no ones");
    });
    await publish(on, "orders/a", 1);
    await expect.poll(async () => (await on.pipeline.deadLetters.list({ queue: "group:fussy" })).length).toBe(1);
    expect(attempts.map(([attempt]) => attempt)).toEqual([1, 2]);
    expect(new Set(attempts.map(([, key]) => key)).size).toBe(1);
    const [letter] = await on.pipeline.deadLetters.list();
    expect(letter).toMatchObject({
      channel: "orders/a",
      data: { data: { n: 1 } },
      failures: [{ attempt: 1 }, { attempt: 2 }],
    });
    expect(on.pipeline.snapshot.queues.find(({ pattern }) => pattern === "group:fussy")?.jobs.dead).toBe(1);
  });

  it("is told of what was gone before it got there", async () => {
    const on = await start();
    const gaps: unknown[] = [];
    await publish(on, "short/a", 1, 2, 3, 4, 5);
    const seen: number[] = [];
    const options = {
      group: "late",
      from: "start",
      onGap: (name: string, { lost }: { lost: unknown }) => void gaps.push([name, lost]),
    } as const;
    await on.subscribe("short/:shop", options, ({ data }) => void seen.push(data.n));
    await expect.poll(() => seen).toEqual([4, 5]);
    expect(gaps.length).toBeLessThanOrEqual(1);
  });

  it("stops reading while its queue is full, and refuses no publisher", async () => {
    const on = await start();
    const seen: number[] = [];
    const open = deferred<void>();
    const options = { group: "slow", lengthMax: 10, parallelMax: 1 };
    await on.subscribe("orders/:shop", options, async ({ data }) => {
      await open.promise;
      seen.push(data.n);
    });
    const outcomes = await on.channel("orders/a").publishAll(Array.from({ length: 100 }, (_, n) => ({ n })));
    expect(outcomes.every(({ stage }) => stage === "delivered")).toBe(true);
    await expect
      .poll(() => on.pipeline.snapshot.queues.find(({ pattern }) => pattern === "group:slow")?.counts.accepted)
      .toBeGreaterThan(0);
    open.resolve();
    await expect.poll(() => seen, { timeout: 20_000 }).toEqual(Array.from({ length: 100 }, (_, n) => n));
  }, 30_000);

  it("can be forgotten when nobody is in it, and begins anew", async () => {
    const on = await start();
    const seen: number[] = [];
    const follow = () =>
      on.subscribe("orders/:shop", { group: "brief", from: "start" }, ({ data }) => void seen.push(data.n));
    const member = await follow();
    await publish(on, "orders/a", 1);
    await expect.poll(() => seen).toEqual([1]);
    await expect(on.forgetGroup("brief")).rejects.toMatchObject({ code: "group/invalid" });
    await member.close();
    await on.forgetGroup("brief");
    await follow();
    await publish(on, "orders/a", 2);
    await expect.poll(() => seen.at(-1)).toBe(2);
  });

  it.each([
    ["a name that is none", "orders/:shop", "bill ing"],
    ["a pattern that the contract has not", "orders/:id", "billing"],
  ])("is refused with %s", async (_name, pattern, group) => {
    const on = await start();
    await expect(on.subscribe(pattern as "orders/:shop", { group }, () => {})).rejects.toMatchObject({
      code: "group/invalid",
    });
  });
});

describe("a queued message", () => {
  it("survives a restart, is processed in its order, and keeps its end to be asked for", async () => {
    const never = {
      "orders/:shop": queued<{ n: number }, { shop: string }, never, never>(() => new Promise(() => {})),
    };
    let on = await start({ process: never as ServeOptions<App>["process"] & object });
    const receipts = await on.channel("orders/a").publishAll([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(receipts.map(({ stage }) => stage)).toEqual(["accepted", "accepted", "accepted"]);
    const seen: number[] = [];
    on = await start({ process: { "orders/:shop": queued(({ n }) => (seen.push(n), { n: n * 10 })) } });
    const [first] = receipts;
    if (first?.stage !== "accepted") throw new Error("it is queued");
    expect(await on.pipeline.processed(first.message)).toMatchObject({ stage: "delivered", position: { offset: 1 } });
    await expect.poll(() => seen).toEqual([1, 2, 3]);
    on = await start();
    expect(await on.pipeline.stage(first.message)).toMatchObject({ stage: "delivered", position: { offset: 1 } });
  });

  it("comes at its time, also over a restart, and also on a channel that is not queued", async () => {
    let on = await start();
    const soon = await on.channel("orders/a").publish({ n: 1 }, { after: 300 });
    const later = await on.channel("scratch/a").publish({ n: 2 }, { deliverAt: new Date(Date.now() + 50) });
    if (soon.stage !== "accepted" || later.stage !== "accepted") throw new Error("they are kept");
    expect(await on.pipeline.stage(soon.message)).toMatchObject({ stage: "accepted", dueAt: expect.any(Number) });
    expect(await on.pipeline.processed(later.message)).toMatchObject({ stage: "delivered" });
    on = await start();
    const at = performance.now();
    expect(await on.pipeline.processed(soon.message)).toMatchObject({ stage: "delivered" });
    expect(performance.now() - at).toBeLessThan(5_000);
    await expect(on.channel("orders/a").publish({ n: 1 }, { after: 1e15 })).rejects.toMatchObject({
      code: "message/invalid",
    });
    await expect(on.channel("orders/a").publish({ n: 1 }, { after: 1, deliverAt: 1 })).rejects.toMatchObject({
      code: "message/invalid",
    });
  });
});
