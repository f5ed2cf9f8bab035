/**
 * Very many clients whose server is gone at once, and others whose server takes its time to stop: they come back, and miss
 * nothing.
 */
import { rmSync } from "node:fs";
import { connect } from "busbar/client";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { Answers } from "./answers.js";
import { StallWatch } from "../security/stall-watch.js";
import { app, user, type App } from "./contract.js";
import { bundle, newStoreFolder, Program, removeBundle } from "./program.js";
import type { CrowdAsked, CrowdSettings, CrowdTold, ServerAsked, ServerSettings, ServerTold } from "./talk.js";

/** Each process has so many of the clients. */
const CROWD = 2_500;
const EVERY_MS = 250;

let paths = { server: "", crowd: "" };

beforeAll(async () => {
  const [server, crowd] = await Promise.all([bundle("server-process"), bundle("crowd-process")]);
  paths = { server, crowd };
}, 60_000);

afterAll(() => {
  for (const path of Object.values(paths)) removeBundle(path);
});

class Storm {
  port = 0;
  server: Program<ServerTold, ServerAsked> | undefined;
  readonly #store = newStoreFolder();
  readonly #crowds: { readonly program: Program<CrowdTold, CrowdAsked>; readonly answers: Answers<CrowdTold> }[] = [];
  #number = 0;
  #publishing: NodeJS.Timeout | undefined;
  readonly #receipts: Promise<unknown>[] = [];

  async start(): Promise<void> {
    const told = new Answers<ServerTold>();
    const settings: ServerSettings = { port: this.port, store: this.#store };
    this.server = new Program<ServerTold, ServerAsked>(paths.server, settings, told.take);
    ({ port: this.port } = await told.next("listening"));
  }

  /** Have so many clients read. */
  async gather(count: number): Promise<void> {
    for (let left = count; left > 0; left -= CROWD) {
      const answers = new Answers<CrowdTold>();
      const settings: CrowdSettings = { url: `ws://127.0.0.1:${this.port}/bus`, count: Math.min(left, CROWD) };
      const program = new Program<CrowdTold, CrowdAsked>(paths.crowd, settings, answers.take);
      this.#crowds.push({ program, answers });
    }
    await expect.poll(() => this.opened(), { timeout: 60_000 }).toBe(count);
  }

  /** How often connections were open, all in all. */
  async opened(): Promise<number> {
    return (await this.#progress()).reduce((sum, { opened }) => sum + opened, 0);
  }

  async least(): Promise<number> {
    return Math.min(...(await this.#progress()).map(({ least }) => least));
  }

  async reports(): Promise<readonly Extract<CrowdTold, { kind: "report" }>[]> {
    for (const { program } of this.#crowds) program.ask("report");
    return Promise.all(this.#crowds.map(({ answers }) => answers.next("report")));
  }

  /** Publish one number after the other from now on. */
  publish(): void {
    const auth = () => ({ scheme: "basic", ...user }) as const;
    const bus = connect<App>(`ws://127.0.0.1:${this.port}/bus`, { contract: app, auth });
    onTestFinished(() => bus.close());
    const channel = bus.channel("log/jitter");
    this.#publishing = setInterval(() => {
      this.#receipts.push(channel.publish({ publisher: "storm", number: ++this.#number }));
    }, EVERY_MS);
  }

  /** Resolves with how many numbers there are, when all of them have their receipts. */
  async published(): Promise<number> {
    clearInterval(this.#publishing);
    await Promise.all(this.#receipts);
    return this.#number;
  }

  async end(): Promise<void> {
    clearInterval(this.#publishing);
    for (const { program } of this.#crowds) await program.kill();
    await this.server?.kill();
    rmSync(this.#store, { recursive: true });
  }

  async #progress(): Promise<readonly Extract<CrowdTold, { kind: "progress" }>[]> {
    for (const { program } of this.#crowds) program.ask("progress");
    return Promise.all(this.#crowds.map(({ answers }) => answers.next("progress")));
  }
}

async function begun(): Promise<Storm> {
  const storm = new Storm();
  onTestFinished(() => storm.end());
  await storm.start();
  return storm;
}

/** Every client has handled every number once, in order. */
async function expectAll(storm: Storm): Promise<void> {
  const last = await storm.published();
  await expect.poll(() => storm.least(), { timeout: 60_000, interval: 200 }).toBe(last);
  const wanted = Array.from({ length: last }, (_, index) => index + 1).join(" ");
  for (const { complaints, lists } of await storm.reports()) {
    expect(complaints).toEqual([]);
    expect(lists.filter((list) => list.join(" ") !== wanted)).toEqual([]);
  }
}

/** The most that happened within 100 ms. */
function peak(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other);
  let first = 0;
  let most = 0;
  for (const [index, time] of sorted.entries()) {
    while ((sorted[first] ?? time) <= time - 100) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

it("5,000 clients that are cut at once are all back within 30 s, without a gap", async () => {
  const clients = 5_000;
  const storm = await begun();
  await storm.gather(clients);
  storm.publish();
  await expect.poll(() => storm.least(), { timeout: 20_000 }).toBeGreaterThan(3);
  await storm.server?.kill();
  const cutAt = Date.now();
  await storm.start();
  await expect.poll(() => storm.opened(), { timeout: 30_000, interval: 100 }).toBe(2 * clients);
  const opens = (await storm.reports()).flatMap((report) => report.opens).filter((time) => time > cutAt);
  const backMs = Math.max(...opens) - cutAt;
  console.log(`${clients} clients were back after ${backMs} ms, at most ${peak(opens)} of them within 100 ms`);
  expect(backMs).toBeLessThan(30_000);
  await expectAll(storm);
}, 180_000);

it("clients of a server that is drained leave and come back at an even rate, without a gap", async () => {
  const clients = 1_000;
  const drainMs = 4_000;
  const storm = await begun();
  await storm.gather(clients);
  storm.publish();
  await expect.poll(() => storm.least(), { timeout: 20_000 }).toBeGreaterThan(3);
  const closedAt = Date.now();
  const watch = new StallWatch();
  watch.start();
  // Until the first one comes back, there is another server.
  storm.server?.ask({ ask: "close", drainMs, retryAfterMs: 3_000 });
  await storm.server?.gone;
  await storm.start();
  await expect.poll(() => storm.opened(), { timeout: 30_000, interval: 100 }).toBe(2 * clients);
  const reports = await storm.reports();
  const leaving = peak(reports.flatMap((report) => report.closes).filter((time) => time > closedAt));
  const coming = peak(reports.flatMap((report) => report.opens).filter((time) => time > closedAt));
  const { stallWallMs } = watch.stop();
  const even = (clients * 100) / drainMs;
  console.log(
    `of ${clients} clients at most ${leaving} left within 100 ms, and ${coming} came back; even were ${even}; this process was late by ${stallWallMs.toFixed(0)} ms`,
  );
  // Both processes are busy: some of them are late, and meet the next ones. Where the machine has no time, all are that late.
  const most = Math.min(even * (4 + stallWallMs / 100), clients / 2);
  expect(leaving).toBeLessThan(most);
  expect(coming).toBeLessThan(most);
  await expectAll(storm);
}, 120_000);
