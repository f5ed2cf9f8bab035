/**
 * The server is killed with SIGKILL again and again, at moments that a seed chooses, while others publish and read.
 *
 * What a killed process has written the system still has: this says nothing of a power cut, which is what an fsync is for.
 *
 * `KILL_CYCLES` says how often, `KILL_SEED` when; `npm run kill` kills it 1,000 times.
 */
import { rmSync } from "node:fs";
import { connect } from "busbar/client";
import { SeededRandom } from "busbar/testing";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { app, user, type App } from "./contract.js";
import { bundle, moment, newStoreFolder, Program, removeBundle } from "./program.js";
import type {
  PublisherSettings,
  PublisherTold,
  ServerSettings,
  ServerTold,
  SubscriberSettings,
  SubscriberTold,
} from "./talk.js";
import { faultless, Witness } from "./witness.js";

const CYCLES = Number(process.env["KILL_CYCLES"] ?? 100);
const SEED = Number(process.env["KILL_SEED"] ?? 1);
/** The longest that one cycle may take on a busy machine, and what is left for the end. */
const TIMEOUT_MS = CYCLES * 4_000 + 300_000;

const channels = ["a", "b", "c"];
const readers = ["one", "two", "three"];

let paths = { server: "", publisher: "", subscriber: "" };

beforeAll(async () => {
  const [server, publisher, subscriber] = await Promise.all([
    bundle("server-process"),
    bundle("publisher-process"),
    bundle("subscriber-process"),
  ]);
  paths = { server, publisher, subscriber };
}, 60_000);

afterAll(() => {
  for (const path of Object.values(paths)) removeBundle(path);
});

class Scene {
  readonly witness = new Witness();
  readonly random = new SeededRandom(SEED);
  readonly store = newStoreFolder();
  /** What must not be there: refused publishes, subscriptions that ended. */
  readonly complaints: string[] = [];
  port = 0;
  reconnects = 0;
  kills = { starting: 0, serving: 0, publishers: 0, subscribers: 0 };
  #server: Program<ServerTold> | undefined;
  readonly #publishers: Program<PublisherTold, "finish">[] = [];
  #subscriber: Program<SubscriberTold> | undefined;
  #lives = 0;
  #finished = 0;

  get url(): string {
    return `ws://127.0.0.1:${this.port}/bus`;
  }

  /** Start the server. Returns the process and when it listens; never, when it is killed before. */
  startServer(): { readonly server: Program<ServerTold>; readonly listens: Promise<void> } {
    const { port, store } = this;
    let listening: () => void = () => {};
    const listens = new Promise<void>((resolve) => (listening = resolve));
    const server = new Program<ServerTold>(paths.server, { port, store } satisfies ServerSettings, (told) => {
      if (told.kind !== "listening") return;
      this.port = told.port;
      listening();
    });
    this.#server = server;
    return { server, listens };
  }

  startPublisher(): void {
    const life = ++this.#lives;
    const names = [`p${life}`, `q${life}`];
    const settings: PublisherSettings = { url: this.url, seed: SEED * 1_000 + life, names, channels, everyMs: 10 };
    this.#publishers.push(new Program(paths.publisher, settings, (told) => this.#heardPublisher(told)));
  }

  /** The readers go on behind what they have handled. */
  startSubscriber(): void {
    const settings: SubscriberSettings = {
      url: this.url,
      readers: readers.map((name) => ({
        name,
        channels: channels.map((channel) => [channel, this.witness.positionOf(name, channel) ?? null] as const),
      })),
      reconnectDelayMs: 50,
      reconnectDelayMsMax: 400,
    };
    this.#subscriber = new Program(paths.subscriber, settings, (told) => this.#heardSubscriber(told));
  }

  /** Kill the publishers that have been there longest, and start others. */
  async killPublisher(): Promise<void> {
    this.kills.publishers++;
    await this.#publishers.shift()?.kill();
    this.startPublisher();
  }

  async killSubscriber(): Promise<void> {
    this.kills.subscribers++;
    await this.#subscriber?.kill();
    this.startSubscriber();
  }

  /** Let the publishers get all of their receipts. */
  async finishPublishers(): Promise<void> {
    for (const publisher of this.#publishers) publisher.ask("finish");
    await expect.poll(() => this.#finished, { timeout: 120_000 }).toBe(this.#publishers.length);
  }

  async end(): Promise<void> {
    await this.#server?.kill();
    await this.#subscriber?.kill();
    await Promise.all(this.#publishers.map((publisher) => publisher.kill()));
    rmSync(this.store, { recursive: true });
  }

  #heardPublisher(told: PublisherTold): void {
    switch (told.kind) {
      case "acknowledged":
        for (const acknowledgement of told.list) this.witness.acknowledge(acknowledgement);
        return;
      case "refused":
        this.complaints.push(told.text);
        return;
      case "reconnected":
        this.reconnects++;
        return;
      case "finished":
        this.#finished++;
    }
  }

  #heardSubscriber(told: SubscriberTold): void {
    switch (told.kind) {
      case "handled":
        for (const handling of told.list) this.witness.handle(handling);
        return;
      case "failed":
        this.complaints.push(told.text);
        return;
      case "reconnected":
        this.reconnects++;
    }
  }
}

/** Start the server and kill it: while it starts, or while it serves. */
async function cycle(scene: Scene): Promise<void> {
  const { random, kills } = scene;
  const { server, listens } = scene.startServer();
  if (random.fraction() < 0.15) {
    kills.starting++;
    await moment(random.integer(0, 400));
  } else {
    kills.serving++;
    await Promise.race([listens, server.gone.then(() => expect.unreachable("the server ended by itself"))]);
    await moment(random.integer(20, 700));
  }
  await server.kill();
}

/** Read a channel from its start, with a client that has seen nothing yet. */
async function readLog(scene: Scene, channel: string): Promise<void> {
  const bus = connect<App>(scene.url, { contract: app, auth: () => ({ scheme: "basic", ...user }) });
  const log = [];
  const end = await bus.channel(`log/${channel}`).publish({ publisher: "the end", number: 1 });
  if (end.stage !== "delivered") throw new Error(`the end was ${end.stage}`);
  for await (const { data, position } of bus.channel(`log/${channel}`).messages({ from: "start" })) {
    log.push({ ...data, position });
    if (position.offset >= end.position.offset) break;
  }
  bus.close();
  const behind = (): readonly string[] =>
    readers.filter((reader) => scene.witness.positionOf(reader, channel)?.offset !== end.position.offset);
  await expect.poll(behind, { timeout: 120_000 }).toEqual([]);
  scene.witness.readLog(channel, log);
}

function summary(scene: Scene): string {
  const { kills, reconnects, witness } = scene;
  const { acknowledged, handled, logged, faults } = witness.verdict();
  const killed = Object.entries(kills).map(([what, times]) => `${what} ${times}`);
  return [
    `${acknowledged} messages acknowledged, ${handled} handled by ${readers.length} readers, ${logged} in the log`,
    `${reconnects} reconnects; killed: ${killed.join(", ")}`,
    `faults: ${JSON.stringify(faults)}`,
  ].join("; ");
}

it(
  `${CYCLES} times kill -9: nothing acknowledged is lost, nothing comes twice or out of order (seed ${SEED})`,
  async () => {
    const scene = new Scene();
    onTestFinished(() => scene.end());
    const first = scene.startServer();
    await first.listens;
    for (let publishers = 0; publishers < 2; publishers++) scene.startPublisher();
    scene.startSubscriber();
    await first.server.kill();
    for (let cycles = 1; cycles <= CYCLES; cycles++) {
      await cycle(scene);
      if (scene.random.fraction() < 0.1) await scene.killPublisher();
      if (scene.random.fraction() < 0.1) await scene.killSubscriber();
      if (cycles % 10 === 0) console.log(`${cycles} cycles: ${summary(scene)}`);
    }
    await scene.startServer().listens;
    await scene.finishPublishers();
    for (const channel of channels) await readLog(scene, channel);
    const { acknowledged, examples, faults } = scene.witness.verdict();
    console.log(`in the end: ${summary(scene)}`);
    expect({ faults, examples }).toEqual({ faults: faultless, examples: [] });
    expect(scene.complaints).toEqual([]);
    expect(acknowledged).toBeGreaterThan(CYCLES * 10);
    expect(scene.reconnects).toBeGreaterThan(CYCLES);
  },
  TIMEOUT_MS,
);
