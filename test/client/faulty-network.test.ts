/** Clients on a network that cuts, delays and forgets, from seeds: the promises hold in every run. */
import { describe, expect, it } from "vitest";
import type { ReadItem } from "../../src/client/cursor.js";
import { BusbarError } from "../../src/kernel/errors.js";
import type { SeededRandom } from "../../src/testing/seeded-random.js";
import { ground, type Ground } from "./ground.js";

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);
const MESSAGES = 60;

/** Read all of a channel with a reader that is sometimes slow; the items grow as the clock is moved. */
function readSlowly({ clock, random, open }: Ground): ReadItem<unknown>[] {
  const items: ReadItem<unknown>[] = [];
  const reader = open({ messagesWaitingMax: 5 }).channel("a").messages({ from: "start" });
  const run = async (): Promise<void> => {
    for await (const item of reader) {
      items.push(item);
      if (random.fraction() < 0.2) await new Promise<void>((go) => clock.schedule(random.integer(1, 400), go));
    }
  };
  run().catch((error: unknown) => expect.unreachable(String(error)));
  return items;
}

/** Do something `times` times, at uneven moments. */
async function nowAndThen({ clock, random }: Ground, times: number, task: (index: number) => void): Promise<void> {
  for (let index = 1; index <= times; index++) {
    task(index);
    await clock.pass(random.integer(0, 120));
  }
}

/** No fault any more, and time enough for everything to come to rest. */
async function comeToRest({ clock, network }: Ground): Promise<void> {
  network.cutChance = 0;
  network.isUp = true;
  await clock.pass(120_000);
}

function shake({ network, random, surroundings }: Ground): void {
  const chance = random.fraction();
  if (chance < 0.03) network.cut();
  else if (chance < 0.06) network.isUp = !network.isUp;
  else if (chance < 0.08) surroundings("gone");
  else if (chance < 0.1) surroundings("back");
}

const offsetsOf = (items: readonly ReadItem<unknown>[]): number[] =>
  items.flatMap((item) => (item.type === "message" ? [item.position.offset] : []));

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("on a network that cuts and delays", () => {
  it.each(seeds)("a reader gets every message, in order, once (seed %i)", async (seed) => {
    const place = ground(seed, { latencyMsMax: 80, cutChance: 0.02 });
    const items = readSlowly(place);
    await nowAndThen(place, MESSAGES, (index) => {
      place.server.publish("a", index);
      shake(place);
    });
    await comeToRest(place);
    expect(items.map((item) => (item.type === "message" ? item.data : item))).toEqual(numbers(1, MESSAGES));
  });

  it.each(seeds)("what a reader does not get is told before the next message (seed %i)", async (seed) => {
    const place = ground(seed, { latencyMsMax: 80, cutChance: 0.04 });
    place.server.keepMax = 3;
    place.server.publish("a", 1);
    const items = readSlowly(place);
    // "start" is the oldest that is kept when the server first answers: from there on nothing may be missing.
    while (items.length === 0) await place.clock.pass(10);
    await nowAndThen(place, MESSAGES - 1, (index) => {
      place.server.publish("a", index + 1);
      shake(place);
    });
    await comeToRest(place);
    const told = items.flatMap((item) =>
      item.type === "message" ? [item.position.offset] : numbers(item.lost?.from ?? 0, item.lost?.to ?? 0),
    );
    expect(told).toEqual(numbers(1, MESSAGES));
    expect(offsetsOf(items).length).toBeGreaterThan(0);
  });

  it.each(seeds)("a server that forgets is noticed by every reader (seed %i)", async (seed) => {
    const place = ground(seed, { latencyMsMax: 80, cutChance: 0.02 });
    const items = readSlowly(place);
    await nowAndThen(place, MESSAGES, (index) => {
      if (index % 20 === 0) {
        place.network.cut();
        place.server.forget();
      }
      place.server.publish("a", index);
      shake(place);
    });
    await comeToRest(place);
    expectEachEpochToBeWhole(items);
    expect(items.at(-1)).toMatchObject({ type: "message", data: MESSAGES });
  });

  it.each(seeds)("a publish is in the log as often as its outcome says (seed %i)", async (seed) => {
    const place = ground(seed, { latencyMsMax: 80, cutChance: 0.05 });
    const lobby = place.open().channel("a");
    const outcomes = new Map<number, string>();
    await nowAndThen(place, MESSAGES, (index) => {
      lobby.publish(index).then(
        ({ stage }) => outcomes.set(index, stage),
        (error: unknown) => outcomes.set(index, error instanceof BusbarError ? error.code : String(error)),
      );
      shake(place);
    });
    await comeToRest(place);
    expect(outcomes.size).toBe(MESSAGES);
    const log = place.server.published.get("a") ?? [];
    for (const [index, outcome] of outcomes) {
      const times = log.filter((data) => data === index).length;
      expect(outcome === "delivered" ? [1] : [0, 1], `message ${index}: ${outcome}`).toContain(times);
    }
    expect(
      [...outcomes.values()].every((outcome) => outcome === "delivered" || outcome === "publish/unknown-fate"),
    ).toBe(true);
  });
});

/** Inside an epoch no offset is missing or comes twice; between two epochs stands a gap. */
function expectEachEpochToBeWhole(items: readonly ReadItem<unknown>[]): void {
  let last: { readonly epoch: string; readonly offset: number } | undefined;
  for (const { type, position } of items) {
    if (type === "message" && last !== undefined) {
      expect(position).toEqual({ epoch: last.epoch, offset: last.offset + 1 });
    }
    last = position;
  }
}

it("the faults happen: the same seeds cut connections, slow readers fall behind, publishes are lost", async () => {
  let cuts = 0;
  let behind = 0;
  for (const seed of seeds.slice(0, 10)) {
    const place = ground(seed, { latencyMsMax: 80, cutChance: 0.02 });
    readSlowly(place);
    await nowAndThen(place, MESSAGES, (index) => {
      place.server.publish("a", index);
      shake(place);
    });
    const names = place.server.commands.map((command) => command.do);
    cuts += names.filter((name) => name === "hello").length - 1;
    behind += names.filter((name) => name === "unsubscribe").length;
  }
  expect(cuts).toBeGreaterThan(5);
  expect(behind).toBeGreaterThan(5);
});

/** The source of chance is one for the network and the test: a run is its seed. */
it("a seed is a run", async () => {
  const run = async (seed: number): Promise<readonly unknown[]> => {
    const place = ground(seed, { latencyMsMax: 80, cutChance: 0.05 });
    const items = readSlowly(place);
    await nowAndThen(place, 30, (index) => place.server.publish("a", index));
    return [place.server.commands, items, nextOf(place.random)];
  };
  expect(await run(3)).toEqual(await run(3));
});

const nextOf = (random: SeededRandom): number => random.uint32();
