import { describe, expect, it } from "vitest";
import type { BusbarError } from "../kernel/errors.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { wireError } from "../wire/errors.js";
import type { Credentials } from "../wire/messages.js";
import { Backoff } from "./backoff.js";
import { busDefaults } from "./options.js";
import { Renewal } from "./renewal.js";
import type { Outcome } from "./request-table.js";

interface World {
  readonly clock: VirtualClock;
  readonly renewal: Renewal;
  /** When credentials were sent. */
  readonly sentAtMs: number[];
  readonly errors: BusbarError[];
  auth: () => Credentials | Promise<Credentials>;
  answer: () => Outcome<"refresh">;
}

function begin(): World {
  const clock = new VirtualClock();
  const world: World = {
    clock,
    sentAtMs: [],
    errors: [],
    auth: () => ({ scheme: "bearer", token: "t" }),
    answer: () => ({ kind: "ok", ok: {} }),
    renewal: new Renewal({
      clock,
      backoff: new Backoff(busDefaults, new SeededRandom(1)),
      auth: () => world.auth(),
      request: (question, onOutcome) => {
        expect(question).toEqual({ do: "refresh", auth: { scheme: "bearer", token: "t" } });
        world.sentAtMs.push(clock.now());
        onOutcome(world.answer());
      },
      onError: (error) => world.errors.push(error),
    }),
  };
  return world;
}

describe("credentials", () => {
  it.each([
    [60_000, 48_000],
    [20_000, 15_000],
    [6_000, 1_000],
    [5_000, 4_000],
    [1_000, 800],
  ])("that hold for %i ms are renewed after %i", async (expiresInMs, afterMs) => {
    const { clock, renewal, sentAtMs } = begin();
    renewal.holdFor(expiresInMs);
    await clock.pass(expiresInMs * 3);
    expect(sentAtMs).toEqual([afterMs]);
    expect(clock.timerCount).toBe(0);
  });

  it("that do not expire are never renewed", () => {
    const { clock, renewal } = begin();
    renewal.holdFor(undefined);
    expect(clock.timerCount).toBe(0);
  });

  it("are renewed again and again", async () => {
    const world = begin();
    world.answer = () => ({ kind: "ok", ok: { expiresInMs: 10_000 } });
    world.renewal.holdFor(10_000);
    await world.clock.pass(15_000);
    expect(world.sentAtMs).toEqual([5_000, 10_000, 15_000]);
    expect(world.errors).toEqual([]);
  });

  it.each([
    ["the application has none", "auth/unavailable"],
    ["the server refuses them", "auth/refused"],
  ])("are asked for again while there is time when %s", async (why, code) => {
    const world = begin();
    if (code === "auth/refused") world.answer = () => ({ kind: "refused", error: wireError(code, "") });
    else
      world.auth = () => {
        throw new Error("no token");
      };
    world.renewal.holdFor(60_000);
    await world.clock.pass(200_000);
    expect(world.errors.length, why).toBeGreaterThan(2);
    expect(new Set(world.errors.map((error) => error.code))).toEqual(new Set([code]));
    expect(world.clock.timerCount).toBe(0);
  });

  it("that came too late are not sent any more", async () => {
    const world = begin();
    world.auth = () =>
      new Promise((resolve) => world.clock.schedule(5_000, () => resolve({ scheme: "bearer", token: "t" })));
    world.renewal.holdFor(10_000);
    await world.clock.pass(6_000);
    world.renewal.stop();
    await world.clock.pass(6_000);
    expect(world.sentAtMs).toEqual([]);
  });

  it("whose connection is over when the application has none are nobody's error", async () => {
    const world = begin();
    world.auth = () => new Promise((_, reject) => world.clock.schedule(5_000, () => reject(new Error("no token"))));
    world.renewal.holdFor(10_000);
    await world.clock.pass(6_000);
    world.renewal.stop();
    await world.clock.pass(6_000);
    expect([world.errors, world.clock.timerCount]).toEqual([[], 0]);
  });

  it("whose answer was lost with the connection are left to the next one", async () => {
    const world = begin();
    world.answer = () => ({ kind: "lost" });
    world.renewal.holdFor(10_000);
    await world.clock.pass(20_000);
    expect([world.sentAtMs, world.errors, world.clock.timerCount]).toEqual([[5_000], [], 0]);
  });
});
