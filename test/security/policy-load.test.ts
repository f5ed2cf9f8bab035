/** What roles and policies cost: nothing for what is published, and no standstill when all is judged again. */
import { beforeAll, describe, expect, it } from "vitest";
import { NodeTurns, nodeClock } from "../../src/adapters/node/clock.js";
import { policy, type Policy } from "../../src/auth/policy.js";
import type { Principal } from "../../src/auth/principal.js";
import { PolicyControl } from "../../src/server/policy-control.js";
import { principal, SessionWorld, type Client } from "../support/session-world.js";
import { StallWatch } from "./stall-watch.js";

const sessionCount = 10_000;
const channelCount = 10;

describe("10,000 sessions with ten subscriptions each", { timeout: 120_000 }, () => {
  const world = new SessionWorld();
  const clients: Client[] = [];
  let control: PolicyControl;
  beforeAll(async () => {
    for (let index = 0; index < sessionCount; index++) {
      const client = world.connect(principal(`user${index}`, index % 2 === 0 ? "reader" : "member"));
      const cursors = Array.from({ length: channelCount }, (_, at) => ({ channel: `chat/${(index + at) % 1_000}` }));
      client.send({ do: "hello" });
      client.send({ do: "resume", cursors });
      clients.push(client);
    }
    await world.clock.settle();
    const sessions = new Set(clients.map(({ session }) => session));
    const { authority } = world.services;
    control = new PolicyControl({ authority, sessions, clock: nodeClock, turns: new NodeTurns() });
    takeAll();
  }, 120_000);

  const takeAll = (): number =>
    clients.reduce((sum, { link }) => sum + link.take().filter(({ push }) => push === "unsubscribed").length, 0);

  /**
   * How long it took, how long the loop stood still, both without what others took of the machine, and how many were told
   * that a subscription ended.
   */
  async function measured(work: () => Promise<unknown>): Promise<{ tookMs: number; stallMs: number; ended: number }> {
    const watch = new StallWatch();
    watch.start();
    await work();
    // The last slice is the watch's, too.
    await new Promise((resolve) => setImmediate(resolve));
    const { stallMs, tookMs } = watch.stop();
    return { tookMs, stallMs, ended: takeAll() };
  }

  const denying = (room: string, condition?: (who: Principal) => boolean): Policy => {
    const rule = { do: "subscribe", on: room } as const;
    return policy({ roles: { reader: { deny: [condition === undefined ? rule : { ...rule, if: condition }] } } });
  };

  it("are judged again within a second, and the loop stands still for no 50 ms", async () => {
    const unchanged = await measured(() => control.replace(denying("chat/nowhere")));
    expect(unchanged).toMatchObject({ ended: 0 });
    const half = await measured(() =>
      control.replace(denying("chat/:room", ({ id }) => Number(id.slice(4)) % 4 === 0)),
    );
    expect(half.ended).toBe((sessionCount / 4) * channelCount);
    const one = await measured(() => control.assign("user2", []));
    expect(one.ended).toBe(channelCount);
    const tried = await measured(() => control.dryRun(denying("chat/:room")));
    expect(tried.ended).toBe(0);
    for (const { stallMs, tookMs } of [unchanged, half, one, tried]) {
      expect(tookMs).toBeLessThan(1_000);
      expect(stallMs).toBeLessThan(50);
    }
  });
});

describe("what is published 10,000 times, and read by 100", () => {
  it("is decided once for each session", async () => {
    const world = new SessionWorld({
      commandsPerSecond: 1e9,
      commandsBurstMax: 1e9,
      bytesPerSecond: 1e9,
      outboxBytesMax: 1e9,
    });
    const asked: string[] = [];
    const rule = (action: "publish" | "subscribe") => ({
      do: action,
      on: "secret",
      if: () => asked.push(action) > 0,
    });
    world.services.authority.replace(
      policy({ roles: { writer: { allow: [rule("publish")] }, listener: { allow: [rule("subscribe")] } } }),
    );
    const writer = await world.open(principal("wil", "writer"));
    const readers = await Promise.all(Array.from({ length: 100 }, () => world.open(principal("lis", "listener"))));
    for (const reader of readers) reader.send({ do: "subscribe", channel: "secret" });
    await world.clock.settle();
    let delivered = 0;
    for (let burst = 0; burst < 20; burst++) {
      for (let count = 0; count < 500; count++) writer.send({ do: "publish", channel: "secret", data: count });
      await world.clock.settle();
      for (const { link } of readers) delivered += link.sent.splice(0).length;
    }
    expect(delivered).toBeGreaterThanOrEqual(1_000_000);
    expect(asked.filter((action) => action === "publish")).toHaveLength(1);
    // Once each to subscribe, and once for the history that goes with it.
    expect(asked.filter((action) => action === "subscribe")).toHaveLength(200);
  });
});
