/**
 * 1,000 clients behind a proxy that cuts each connection every 2 s on average, while 10 messages a second come.
 *
 * `JITTER_SECONDS` says for how long, `JITTER_SEED` when the cuts come.
 */
import { rmSync } from "node:fs";
import { connect, type Bus } from "busbar/client";
import { SeededRandom } from "busbar/testing";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { app, user, type App } from "./contract.js";
import { Answers } from "./answers.js";
import { JitterProxy } from "./jitter-proxy.js";
import { bundle, newStoreFolder, Program, removeBundle } from "./program.js";
import type { CrowdAsked, CrowdSettings, CrowdTold, ServerAsked, ServerSettings, ServerTold } from "./talk.js";

const CLIENTS = 1_000;
const SECONDS = Number(process.env["JITTER_SECONDS"] ?? 20);
const SEED = Number(process.env["JITTER_SEED"] ?? 1);
const MESSAGES = SECONDS * 10;
const EVERY_MS = 100;
const MEAN_LIFE_MS = 2_000;
const TIMEOUT_MS = SECONDS * 1_000 + 270_000;

let paths = { server: "", crowd: "" };

beforeAll(async () => {
  const [server, crowd] = await Promise.all([bundle("server-process"), bundle("crowd-process")]);
  paths = { server, crowd };
}, 60_000);

afterAll(() => {
  for (const path of Object.values(paths)) removeBundle(path);
});

/** Publish the numbers, one after the other, at their times. */
async function publishAll(bus: Bus<App>): Promise<void> {
  const receipts: Promise<unknown>[] = [];
  await new Promise<void>((allSent) => {
    const timer = setInterval(() => {
      const number = receipts.length + 1;
      receipts.push(bus.channel("log/jitter").publish({ publisher: "jitter", number }));
      if (number < MESSAGES) return;
      clearInterval(timer);
      allSent();
    }, EVERY_MS);
  });
  await Promise.all(receipts);
}

it(
  `${CLIENTS} clients, cut every ${MEAN_LIFE_MS} ms: every message reaches every handler once, in order (seed ${SEED})`,
  async () => {
    const store = newStoreFolder();
    const told = new Answers<ServerTold>();
    const server = new Program<ServerTold, ServerAsked>(
      paths.server,
      { port: 0, store } satisfies ServerSettings,
      told.take,
    );
    onTestFinished(async () => {
      await server.kill();
      rmSync(store, { recursive: true });
    });
    const { port } = await told.next("listening");
    const random = new SeededRandom(SEED);
    const proxy = await JitterProxy.begin({ target: port, meanLifeMs: MEAN_LIFE_MS, random });
    onTestFinished(() => proxy.close());
    const answers = new Answers<CrowdTold>();
    // Connections that do not last long make the delays longer and longer; here they shall come back soon, and be cut.
    const settings: CrowdSettings = {
      url: `ws://127.0.0.1:${proxy.port}/bus`,
      count: CLIENTS,
      reconnectDelayMsMax: 500,
    };
    const crowd = new Program<CrowdTold, CrowdAsked>(paths.crowd, settings, answers.take);
    onTestFinished(() => crowd.kill());
    const progress = async (): Promise<Extract<CrowdTold, { kind: "progress" }>> => {
      crowd.ask("progress");
      return answers.next("progress");
    };
    await expect.poll(async () => (await progress()).opened, { timeout: 120_000 }).toBeGreaterThanOrEqual(CLIENTS);

    const bus = connect<App>(`ws://127.0.0.1:${port}/bus`, {
      contract: app,
      auth: () => ({ scheme: "basic", ...user }),
    });
    onTestFinished(() => bus.close());
    await publishAll(bus);
    // The cuts go on until everybody has everything.
    const least = async (): Promise<number> => (await progress()).least;
    await expect.poll(least, { timeout: 120_000, interval: 500 }).toBe(MESSAGES);
    proxy.calm();

    const { handled, madeUpFor, opened } = await progress();
    const share = ((madeUpFor / handled) * 100).toFixed(1);
    console.log(
      `${CLIENTS} clients, ${MESSAGES} messages, ${handled} handled; ${proxy.cuts} cuts, ${opened - CLIENTS} reconnects; ` +
        `${madeUpFor} messages (${share} %) came while their reader was away`,
    );
    crowd.ask("report");
    const { complaints, lists } = await answers.next("report");
    expect(complaints).toEqual([]);
    const wanted = Array.from({ length: MESSAGES }, (_, index) => index + 1);
    const wrong = lists.filter((list) => list.length !== MESSAGES || list.some((number, at) => number !== wanted[at]));
    expect(wrong.map((list) => list.join(" ")).slice(0, 3)).toEqual([]);
    expect(lists).toHaveLength(CLIENTS);
    expect(handled).toBe(CLIENTS * MESSAGES);
    // The proxy did cut them, and messages were published meanwhile.
    expect(opened - CLIENTS).toBeGreaterThan(CLIENTS * SECONDS * 0.1);
    expect(madeUpFor).toBeGreaterThan(MESSAGES);
  },
  TIMEOUT_MS,
);
