/** Clients on a network that cuts, delays and forgets, from seeds: the promises hold in every run. */
import { describe, expect, it } from "vitest";
import type { Message } from "../../src/client/cursor.js";
import type { SeededRandom } from "../../src/testing/seeded-random.js";
import { wireError, type WireError } from "../../src/wire/errors.js";
import { ground, type Ground } from "./ground.js";

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);
const MESSAGES = 60;

/** Read all of a channel with a reader that is sometimes slow; the messages grow as the clock is moved. */
function readSlowly({ clock, random, open }: Ground): Message<unknown>[] {
  const messages: Message<unknown>[] = [];
  const reader = open({ messagesWaitingMax: 5 }).channel("a").messages({ from: "start" });
  const run = async (): Promise<void> => {
    for await (const message of reader) {
      messages.push(message);
      if (random.fraction() < 0.2) await new Promise<void>((go) => clock.schedule(random.integer(1, 400), go));
    }
  };
  run().catch((error: unknown) => expect.unreachable(String(error)));
  return messages;
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
  endSilence(network);
  await clock.pass(120_000);
}

function shake({ network, random, server, surroundings }: Ground): void {
  const chance = random.fraction();
  if (chance < 0.03) network.cut();
  else if (chance < 0.06) network.isUp = !network.isUp;
  else if (chance < 0.08) surroundings("offline");
  else if (chance < 0.1) surroundings("online");
  else if (chance < 0.11) surroundings(random.fraction() < 0.5 ? "hidden" : "visible");
  else if (chance < 0.12) server.closeAll(1012);
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The offsets that a reader was given or told to be lost. */
const told = (messages: readonly Message<unknown>[]): number[] =>
  messages.flatMap(({ gap, position }) => [...numbers(gap?.lost?.from ?? 1, gap?.lost?.to ?? 0), position.offset]);

describe("on a network that cuts and delays", () => {
  it.each(seeds)("a reader gets every message, in order, once (seed %i)", async (seed) => {
    const place = ground(seed, { latencyMsMax: 80, cutChance: 0.02 });
    const items = readSlowly(place);
    await nowAndThen(place, MESSAGES, (index) => {
      place.server.publish("a", index);
      shake(place);
    });
    await comeToRest(place);
    expect(items.map(({ data }) => data)).toEqual(numbers(1, MESSAGES));
    expect(items.every(({ gap }) => gap === undefined)).toBe(true);
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
    expect(told(items)).toEqual(numbers(1, MESSAGES));
    expect(items.length).toBeGreaterThan(0);
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
    expect(items.at(-1)).toMatchObject({ data: MESSAGES });
  });
});

const PUBLISHES = 16;
const SEEDS_PER_TEST = 100;

/** Some refusals that pass, and one kind that does not. */
function refuseSome({ random }: Ground): (data: unknown) => WireError | undefined {
  return (data) => {
    if (typeof data === "number" && data % 11 === 7) return wireError("message/rejected", "");
    if (random.fraction() > 0.1) return undefined;
    const code = (["limit/rate", "server/busy", "server/stopping", "server/log-unavailable"] as const)[
      random.integer(0, 3)
    ];
    return wireError(
      code ?? "server/busy",
      "",
      random.fraction() < 0.5 ? { retryAfterMs: random.integer(1, 900) } : {},
    );
  };
}

/** Nothing arrives for a while, and nobody is told. */
function fallSilent({ clock, network, random }: Ground): void {
  network.isSilent = true;
  clock.schedule(random.integer(0, 2_000), () => endSilence(network));
}

/** A connection on which something was lost does not go on. */
function endSilence(network: Ground["network"]): void {
  if (network.isSilent) network.cut();
  network.isSilent = false;
}

interface Published {
  readonly index: number;
  readonly channel: string;
  outcome: string | undefined;
}

/** Publish to two channels, by ones and by several, while everything fails that can. */
async function publishOnFaults(seed: number): Promise<{ readonly place: Ground; readonly published: Published[] }> {
  const place = ground(seed, { latencyMsMax: 80, cutChance: 0.05 });
  const { random, server } = place;
  server.refuseMessage = refuseSome(place);
  const bus = place.open({ publishesInFlightMax: random.integer(1, 8), pingAfterMs: 500, pongTimeoutMs: 300 });
  const published: Published[] = [];
  const add = (index: number, channel: string): Published => {
    const entry: Published = { index, channel, outcome: undefined };
    published.push(entry);
    return entry;
  };
  await nowAndThen(place, PUBLISHES, (turn) => {
    const channel = random.fraction() < 0.5 ? "a" : "b";
    const entries = numbers(1, random.integer(1, 3)).map((part) => add(turn * 10 + part, channel));
    const several = bus.channel(channel).publishAll(entries.map(({ index }) => index));
    several.then(
      (outcomes) => {
        for (const [at, entry] of entries.entries()) {
          const outcome = outcomes[at];
          entry.outcome = outcome?.stage === "refused" ? outcome.error.code : outcome?.stage;
        }
      },
      (error: unknown) => expect.unreachable(String(error)),
    );
    if (random.fraction() < 0.05) fallSilent(place);
    shake(place);
  });
  server.refuseMessage = (data) =>
    typeof data === "number" && data % 11 === 7 ? wireError("message/rejected", "") : undefined;
  await comeToRest(place);
  return { place, published };
}

describe("publishing on a network that cuts, delays and falls silent, to a server that is busy", () => {
  it.each(numbers(0, 19))(
    "puts each message into the log once and in order (seeds from %i00)",
    async (batch) => {
      for (const seed of numbers(batch * SEEDS_PER_TEST, (batch + 1) * SEEDS_PER_TEST - 1)) {
        const { place, published } = await publishOnFaults(seed);
        for (const channel of ["a", "b"]) {
          const mine = published.filter((entry) => entry.channel === channel);
          const accepted = mine.filter(({ index }) => index % 11 !== 7).map(({ index }) => index);
          expect(place.server.published.get(channel) ?? [], `seed ${seed}, channel ${channel}`).toEqual(accepted);
          for (const { index, outcome } of mine) {
            expect(outcome, `seed ${seed}, message ${index}`).toBe(index % 11 === 7 ? "message/rejected" : "delivered");
          }
        }
      }
    },
    60_000,
  );

  it("happens: messages are sent again, refused for now, and out of turn", async () => {
    let repeats = 0;
    let refusals = 0;
    for (const seed of numbers(1, 20)) {
      const { place } = await publishOnFaults(seed);
      const publishes = place.server.commands.filter(
        (command) => command.do === "publish" || command.do === "publishAll",
      );
      repeats += publishes.filter(({ ageMs }) => ageMs !== undefined).length;
      refusals += place.server.outOfTurnCount;
    }
    expect(repeats).toBeGreaterThan(30);
    expect(refusals).toBeGreaterThan(10);
  });
});

/** Inside an epoch no offset is missing or comes twice; between two epochs stands a gap. */
function expectEachEpochToBeWhole(messages: readonly Message<unknown>[]): void {
  for (const [index, { position, gap }] of messages.entries()) {
    const last = messages[index - 1]?.position;
    if (last === undefined) continue;
    const before = gap?.position ?? last;
    expect(position).toEqual({ epoch: before.epoch, offset: before.offset + 1 });
    if (before.epoch !== last.epoch) expect(gap).toBeDefined();
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
