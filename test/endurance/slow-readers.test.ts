/**
 * 200 of 1,000 subscribers stop reading. What they cost in memory is held to a limit; what they cost the others in time
 * is measured and printed, since a busy machine must not fail a test.
 *
 * `SLOW_ROUNDS` says how often both are measured in turn, `SLOW_TICKS` with how many messages: `npm run slow-readers` takes
 * five rounds, and the medians of their p99.
 */
import { rmSync } from "node:fs";
import { connect, type Bus } from "busbar/client";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { Answers } from "./answers.js";
import { app, user, type App } from "./contract.js";
import { bundle, newStoreFolder, Program, removeBundle } from "./program.js";
import type {
  ServerAsked,
  ServerSettings,
  ServerTold,
  SleeperAsked,
  SleeperSettings,
  SleeperTold,
  WatcherSettings,
  WatcherTold,
} from "./talk.js";

const SLEEPERS = 200;
const WATCHERS = 800;
const ROUNDS = Number(process.env["SLOW_ROUNDS"] ?? 1);
const MEBIBYTE = 1024 * 1024;
/** What the server may hold for one who does not read. */
const HELD_MAX = 1.1 * MEBIBYTE;
/** The same as the system sees it, which counts what a collection has freed and the allocator keeps: 50 MiB in all. */
const RESIDENT_MAX = HELD_MAX + MEBIBYTE / 4;
/** When all read again, the server holds so many times what it held before, at most. */
const HELD_BACK_MAX = 1.1;
/** So long the server's event loop may stand still meanwhile. */
const STALL_MS_MAX = 50;
/** Large messages for each sleeper before it sleeps: 5 MB. */
const FILL = 100;
/** 1 MB more for each sleeper, again and again until the kernel and the server hold no more for it. */
const FILL_STEP = 20;
const FILL_STEPS_MAX = 40;
/** How many messages delivery is measured with, and how often one is published. */
const TICKS = Number(process.env["SLOW_TICKS"] ?? 50);
const TICK_EVERY_MS = 100;
/** Ticks that nobody measures, for what was just filled to come to rest. */
const QUIET_TICKS = 20;
const TIMEOUT_MS = 120_000 + ROUNDS * 240_000;

let paths = { server: "", sleeper: "", watcher: "" };

beforeAll(async () => {
  const [server, sleeper, watcher] = await Promise.all([
    bundle("server-process"),
    bundle("sleeper-process"),
    bundle("watcher-process"),
  ]);
  paths = { server, sleeper, watcher };
}, 60_000);

afterAll(() => {
  for (const path of Object.values(paths)) removeBundle(path);
});

interface Memory {
  readonly heldBytes: number;
  readonly anonymousBytes: number;
  readonly stallMs: number;
}

/** How long messages take to their handlers, in milliseconds. */
interface Delays {
  readonly p50: number;
  readonly p99: number;
  /** The p99 of each message by itself, and of these the median: a moment in which the machine was busy is not in it. */
  readonly typicalP99: number;
}

interface Round {
  readonly all: Delays;
  readonly some: Delays;
}

class Scene {
  readonly #store = newStoreFolder();
  readonly #serverTold = new Answers<ServerTold>();
  readonly #sleeperTold = new Answers<SleeperTold>();
  readonly #watcherTold = new Answers<WatcherTold>();
  readonly #server: Program<ServerTold, ServerAsked>;
  #sleepers: Program<SleeperTold, SleeperAsked> | undefined;
  #watchers: Program<WatcherTold, "measure"> | undefined;
  #bus: Bus<App> | undefined;
  ticks = 0;
  fills = 0;

  constructor() {
    const settings: ServerSettings = { port: 0, store: this.#store };
    this.#server = new Program(paths.server, settings, this.#serverTold.take);
  }

  async start(): Promise<void> {
    const { port } = await this.#serverTold.next("listening");
    const url = `ws://127.0.0.1:${port}/bus`;
    const watchers: WatcherSettings = { url, count: WATCHERS };
    const sleepers: SleeperSettings = { port, count: SLEEPERS };
    this.#watchers = new Program(paths.watcher, watchers, this.#watcherTold.take);
    this.#sleepers = new Program(paths.sleeper, sleepers, this.#sleeperTold.take);
    await this.#sleeperTold.next("done");
    this.#bus = connect<App>(url, { contract: app, auth: () => ({ scheme: "basic", ...user }) });
    // When everybody has these, everybody is there and everything has run.
    await this.tick(QUIET_TICKS);
    await this.fill(1);
    await this.allAwake();
  }

  async end(): Promise<void> {
    this.#bus?.close();
    await Promise.all([this.#server.kill(), this.#sleepers?.kill(), this.#watchers?.kill()]);
    rmSync(this.#store, { recursive: true });
  }

  /** Publish to the channel that all read, at a steady pace. */
  async tick(count: number): Promise<void> {
    const receipts: Promise<unknown>[] = [];
    await new Promise<void>((allSent) => {
      const timer = setInterval(() => {
        const number = ++this.ticks;
        const sentMs = performance.timeOrigin + performance.now();
        receipts.push(Promise.resolve(this.#bus?.channel("tick/shared").publish({ number, sentMs })));
        if (receipts.length < count) return;
        clearInterval(timer);
        allSent();
      }, TICK_EVERY_MS);
    });
    await Promise.all(receipts);
  }

  /** Publish so many large messages to each sleeper's own channel. */
  async fill(count: number): Promise<void> {
    const channels = Array.from({ length: SLEEPERS }, (_, index) => String(index));
    const from = this.fills + 1;
    this.fills += count;
    this.#server.ask({ ask: "fill", channels, from, to: this.fills });
    await this.#serverTold.next("filled");
  }

  /** Wait until those who read have everything; then ask how long it took them. */
  async watched(): Promise<WatcherTold> {
    let told = await this.#measured();
    const all = [told];
    while (told.least < this.ticks) {
      told = await this.#measured();
      all.push(told);
    }
    return { ...told, delaysMs: all.flatMap((one) => one.delaysMs), numbers: all.flatMap((one) => one.numbers) };
  }

  /** Wait until the sleepers have everything, too. */
  async allAwake(): Promise<void> {
    await this.watched();
    const behind = async (): Promise<readonly number[]> => {
      const { leastBulk, leastTick } = await this.sleepers();
      return [this.ticks - leastTick, this.fills - leastBulk];
    };
    await expect.poll(behind, { timeout: 180_000, interval: 200 }).toEqual([0, 0]);
  }

  async sleepers(): Promise<Extract<SleeperTold, { kind: "report" }>> {
    this.#sleepers?.ask("report");
    return this.#sleeperTold.next("report");
  }

  async have(asked: "pause" | "resume"): Promise<void> {
    this.#sleepers?.ask(asked);
    await this.#sleeperTold.next("done");
  }

  async memory(): Promise<Memory> {
    this.#server.ask({ ask: "memory" });
    return this.#serverTold.next("memory");
  }

  async delays(): Promise<Delays> {
    await this.tick(QUIET_TICKS);
    await this.watched();
    await this.tick(TICKS);
    const { delaysMs, numbers } = await this.watched();
    const ofEach = new Map<number, number[]>();
    for (const [index, delayMs] of delaysMs.entries()) {
      const number = numbers[index] ?? 0;
      const delays = ofEach.get(number) ?? [];
      ofEach.set(number, delays);
      delays.push(delayMs);
    }
    const typicalP99 = quantile(
      [...ofEach.values()].map((delays) => quantile(delays, 0.99)),
      0.5,
    );
    return { p50: quantile(delaysMs, 0.5), p99: quantile(delaysMs, 0.99), typicalP99 };
  }

  async #measured(): Promise<WatcherTold> {
    this.#watchers?.ask("measure");
    return this.#watcherTold.next("measured");
  }
}

function quantile(values: readonly number[], share: number): number {
  return Float64Array.from(values).toSorted()[Math.floor(values.length * share)] ?? 0;
}

const growth = (before: Memory, after: Memory): Omit<Memory, "stallMs"> => ({
  heldBytes: (after.heldBytes - before.heldBytes) / SLEEPERS,
  anonymousBytes: (after.anonymousBytes - before.anonymousBytes) / SLEEPERS,
});

const mebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(3)} MiB`;
const milliseconds = ({ p50, p99, typicalP99 }: Delays): string =>
  `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, typical p99 ${typicalP99.toFixed(1)} ms`;

/** The medians of the rounds, and how many times the one is the other. */
function comparison(rounds: readonly Round[], kind: "p99" | "typicalP99"): string {
  const [all, some] = [
    quantile(
      rounds.map((round) => round.all[kind]),
      0.5,
    ),
    quantile(
      rounds.map((round) => round.some[kind]),
      0.5,
    ),
  ];
  return `${kind}: all read ${all.toFixed(1)} ms, some do not ${some.toFixed(1)} ms: ${(some / all).toFixed(2)} times`;
}

/**
 * Publish to those who sleep until that costs no more memory: the kernel is full, and so is what the server holds. What the
 * writing of the messages themselves holds for a moment is in this, too: the limit is for when all is quiet.
 */
async function fillUp(scene: Scene, before: Memory): Promise<void> {
  let last = 0;
  for (let step = 0; step < FILL_STEPS_MAX; step++) {
    await scene.fill(FILL_STEP);
    const { heldBytes } = growth(before, await scene.memory());
    if (heldBytes > MEBIBYTE / 2 && heldBytes - last < MEBIBYTE / 20) return;
    last = heldBytes;
  }
  expect.unreachable("the memory has never come to rest");
}

it(
  `${SLEEPERS} of ${SLEEPERS + WATCHERS} stop reading: bounded memory, nothing lost, nobody slowed down`,
  async () => {
    const scene = new Scene();
    onTestFinished(() => scene.end());
    await scene.start();
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      // Both times the same traffic has gone through the server before anything is measured.
      await scene.fill(FILL);
      await scene.allAwake();
      const all = await scene.delays();
      const before = await scene.memory();
      await scene.have("pause");
      await fillUp(scene, before);
      const some = await scene.delays();
      const asleep = await scene.memory();
      const grown = growth(before, asleep);
      rounds.push({ all, some });
      console.log(
        `round ${round}: all read: ${milliseconds(all)}; ${SLEEPERS} do not: ${milliseconds(some)}; ` +
          `each costs ${mebibytes(grown.heldBytes)} held, ${mebibytes(grown.anonymousBytes)} resident; event loop held up ${asleep.stallMs.toFixed(1)} ms`,
      );
      expect(grown.heldBytes).toBeLessThan(HELD_MAX);
      expect(grown.anonymousBytes).toBeLessThan(RESIDENT_MAX);
      expect(asleep.stallMs).toBeLessThan(STALL_MS_MAX);
      await scene.have("resume");
      await scene.allAwake();
      // As before the first look: what is kept for a second, for others who read the same, is gone.
      await scene.tick(QUIET_TICKS);
      const after = await scene.memory();
      const back = after.heldBytes / before.heldBytes;
      // The allocator keeps pages that hold nothing any more, for later: how many is not ours to promise.
      const resident = after.anonymousBytes / before.anonymousBytes;
      console.log(`awake again: ${back.toFixed(3)} times what was held before, ${resident.toFixed(3)} times resident`);
      expect(back).toBeLessThan(HELD_BACK_MAX);
    }
    for (const kind of ["p99", "typicalP99"] as const) console.log(`medians of ${ROUNDS}: ${comparison(rounds, kind)}`);
    const { closed, faults, gaps } = await scene.sleepers();
    const watched = await scene.watched();
    expect({ closed, faults, gaps }).toEqual({ closed: 0, faults: 0, gaps: 0 });
    expect(watched).toMatchObject({ least: scene.ticks, reconnects: 0, faults: 0 });
  },
  TIMEOUT_MS,
);
