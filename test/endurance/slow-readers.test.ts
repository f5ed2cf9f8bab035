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
const TIMEOUT_MS = 120_000 + ROUNDS * 120_000;

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
}

interface Delays {
  readonly p50: number;
  readonly p99: number;
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
    const delaysMs = [...told.delaysMs];
    while (told.least < this.ticks) {
      told = await this.#measured();
      delaysMs.push(...told.delaysMs);
    }
    return { ...told, delaysMs };
  }

  /** Wait until the sleepers have everything, too. */
  async allAwake(): Promise<void> {
    await this.watched();
    const behind = async (): Promise<readonly number[]> => {
      const { leastBulk, leastTick } = await this.sleepers();
      return [this.ticks - leastTick, this.fills - leastBulk];
    };
    await expect.poll(behind, { timeout: 60_000, interval: 100 }).toEqual([0, 0]);
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
    const { delaysMs } = await this.watched();
    const sorted = Float64Array.from(delaysMs).toSorted();
    return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
  }

  async #measured(): Promise<WatcherTold> {
    this.#watchers?.ask("measure");
    return this.#watcherTold.next("measured");
  }
}

const quantile = (sorted: Float64Array, share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;

function median(values: readonly number[]): number {
  return Float64Array.from(values).toSorted()[Math.floor(values.length / 2)] ?? 0;
}

const growth = (before: Memory, after: Memory): Memory => ({
  heldBytes: (after.heldBytes - before.heldBytes) / SLEEPERS,
  anonymousBytes: (after.anonymousBytes - before.anonymousBytes) / SLEEPERS,
});

const mebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(3)} MiB`;
const milliseconds = ({ p50, p99 }: Delays): string => `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;

/** Publish to those who sleep until that costs no more memory: the kernel is full, and so is what the server holds. */
async function fillUp(scene: Scene, before: Memory): Promise<void> {
  let last = 0;
  for (let step = 0; step < FILL_STEPS_MAX; step++) {
    await scene.fill(FILL_STEP);
    const { heldBytes } = growth(before, await scene.memory());
    expect(heldBytes).toBeLessThan(HELD_MAX);
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
    const rounds: { readonly all: Delays; readonly some: Delays }[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      // Both times the same traffic has gone through the server before anything is measured.
      await scene.fill(FILL);
      await scene.allAwake();
      const all = await scene.delays();
      const before = await scene.memory();
      await scene.have("pause");
      await fillUp(scene, before);
      const some = await scene.delays();
      const grown = growth(before, await scene.memory());
      rounds.push({ all, some });
      console.log(
        `round ${round}: all read: ${milliseconds(all)}; ${SLEEPERS} do not: ${milliseconds(some)}; ` +
          `each costs ${mebibytes(grown.heldBytes)} held, ${mebibytes(grown.anonymousBytes)} resident`,
      );
      expect(grown.heldBytes).toBeLessThan(HELD_MAX);
      expect(grown.anonymousBytes).toBeLessThan(RESIDENT_MAX);
      await scene.have("resume");
      await scene.allAwake();
    }
    const [all, some] = [median(rounds.map((round) => round.all.p99)), median(rounds.map((round) => round.some.p99))];
    console.log(
      `p99 of ${ROUNDS}: all read ${all.toFixed(2)} ms, some do not ${some.toFixed(2)} ms: ${(some / all).toFixed(2)} times`,
    );
    const { closed, faults, gaps } = await scene.sleepers();
    const watched = await scene.watched();
    expect({ closed, faults, gaps }).toEqual({ closed: 0, faults: 0, gaps: 0 });
    expect(watched).toMatchObject({ least: scene.ticks, reconnects: 0, faults: 0 });
  },
  TIMEOUT_MS,
);
