/** Starts a bus server and a bystander, each in a process of its own, and holds the server to what it promises. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawClient } from "../support/raw-client.js";
import { TcpPeer, upgradeRequest, type RequestOptions } from "../support/tcp-peer.js";
import type { BusTargetReport } from "./bus-target-server.js";
import type { BystanderReport } from "./bystander-process.js";
import { givenKeys } from "./forged-tokens.js";
import { StallWatch } from "./stall-watch.js";

/** What was measured at one attack. */
interface Figures {
  readonly name: string;
  readonly stallMs: number;
  readonly stallWallMs: number;
  /** The part of the time in which the machine ran others although server or test were ready. */
  readonly crowding: number;
  readonly heldBytes: number;
  /** How many times what was held before. */
  readonly heldGrowth: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  readonly worstMs: number;
}

/** The promise: so long an event loop may stand still. */
const STALL_MS_MAX = 50;

/** … and what is held comes back to within so much of what was held before. */
const HELD_GROWTH_MAX = 1.1;

/** While an attack is under way, so much more is resident at most: what one connection may use up, many times over. */
const RESIDENT_GROWTH_BYTES_MAX = 192 * 1024 * 1024;

/** A bystander's message takes no longer, with two processes of the test beside it on the same machine. */
const ANSWER_MS_MAX = 1000;

/** Node keeps so many of its parsers of HTTP for requests to come. */
const PARSERS_KEPT = 1000;

/** The bystander's messages while what an attack held is let go of. */
const ROUNDS_MAX = 300;

export class BusTarget {
  readonly url: string;
  readonly port: number;
  readonly #server: ChildProcess;
  readonly #bystander: ChildProcess;
  /** What was measured at each attack. */
  readonly #figures: Figures[] = [];
  /** The connections of the attack that is under way; they end with it. */
  readonly #opened: (() => void)[] = [];

  private constructor(server: ChildProcess, bystander: ChildProcess, port: number) {
    this.#server = server;
    this.#bystander = bystander;
    this.port = port;
    this.url = `ws://127.0.0.1:${port}/bus`;
  }

  static async start(): Promise<BusTarget> {
    const server = forkBuilt(
      "bus-target-server.ts",
      [JSON.stringify(givenKeys())],
      ["--expose-gc", "--no-concurrent-array-buffer-sweeping"],
    );
    const [port] = await once(server, "message");
    const bystander = forkBuilt("bystander-process.ts", [`ws://127.0.0.1:${port}/bus`], []);
    await once(bystander, "message");
    const target = new BusTarget(server, bystander, Number(port));
    await target.#use();
    return target;
  }

  async stop(): Promise<void> {
    for (const child of [this.#bystander, this.#server]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill();
      await once(child, "exit");
    }
  }

  /**
   * Attack, and see that the process lives, that its event loop never stood still for long, that its memory comes back,
   * and that the bystander noticed nothing.
   *
   * @param residentGrowthMax so many bytes more are resident at most while it goes on
   */
  async attacked<Result>(
    name: string,
    attack: () => Promise<Result>,
    residentGrowthMax: number = RESIDENT_GROWTH_BYTES_MAX,
  ): Promise<Result> {
    const before = { server: await this.report(), bystander: await this.#noticed() };
    const own = new StallWatch();
    own.start();
    const result = await attack();
    const ownCrowding = own.stop().crowding;
    for (const end of this.#opened.splice(0)) end();
    const during = await this.report();
    const after = await this.#whenLetGo(before.server, during);
    const noticed = await this.#whenServed(before.bystander);
    const stallMs = Math.max(during.stallMs, after.stallMs);
    const stallWallMs = Math.max(during.stallWallMs, after.stallWallMs);
    const { peakRssBytes, rssBytes } = during;
    const crowding = Math.max(during.crowding, ownCrowding);
    const { worstMs } = noticed;
    const { heldBytes } = after;
    const heldGrowth = heldBytes / before.server.heldBytes;
    this.#figures.push({
      name,
      stallMs,
      stallWallMs,
      crowding,
      heldBytes,
      heldGrowth,
      rssBytes,
      peakRssBytes,
      worstMs,
    });
    expect(peakRssBytes - before.server.rssBytes, "too much was resident").toBeLessThan(residentGrowthMax);
    expect(stallMs, "the event loop stood still").toBeLessThan(STALL_MS_MAX);
    expect(heldGrowth, "memory did not come back").toBeLessThan(HELD_GROWTH_MAX);
    expect(after.connections, "connections are left").toBeLessThanOrEqual(before.server.connections);
    expect(after.prototypeKeys, "a prototype has changed").toEqual([]);
    expect({ gaps: noticed.gaps, isCut: noticed.isCut }, "the bystander noticed").toEqual({ gaps: 0, isCut: false });
    expect(noticed.rounds, "the bystander was not served").toBeGreaterThan(before.bystander.rounds);
    expect(noticed.worstMs, "the bystander waited").toBeLessThan(this.inCrowd(ANSWER_MS_MAX));
    return result;
  }

  /** How long what takes so much of a machine's time at most may take where, as at the last attack, others had their part of it. */
  inCrowd(ms: number): number {
    return ms / (1 - (this.#figures.at(-1)?.crowding ?? 0));
  }

  /** The worst of each figure until now, for people. */
  get summary(): string {
    const worst = (figure: Exclude<keyof Figures, "name">): string => {
      const all = this.#figures.toSorted((one, other) => other[figure] - one[figure]);
      const [most] = all;
      const value = most?.[figure] ?? 0;
      return `${said(figure, value)} (${most?.name})`;
    };
    return (
      `${this.#figures.length} attacks; at most: event loop held up ${worst("stallMs")}, on the wall ${worst("stallWallMs")}; crowding ${worst("crowding")}; ` +
      `held ${worst("heldBytes")}, after it ${worst("heldGrowth")}; resident ${worst("peakRssBytes")}; bystander waited ${worst("worstMs")}`
    );
  }

  /** Connect without a handshake. */
  async open(): Promise<TcpPeer> {
    const peer = await TcpPeer.connect({ port: this.port });
    this.#opened.push(() => void peer.socket.destroy());
    return peer;
  }

  /** Connect, and go through the handshake. */
  async upgraded(options: RequestOptions = {}): Promise<TcpPeer> {
    const peer = await this.open();
    peer.write(busRequest(options));
    const { status } = await peer.head();
    if (status !== 101) throw new Error(`refused with ${status}`);
    return peer;
  }

  /** Send a request and see how it is answered; 0 where it is not. */
  async statusOf(request: string | Uint8Array): Promise<number> {
    const peer = await this.open();
    peer.write(request);
    const head = await peer.head().catch(() => undefined);
    peer.socket.destroy();
    return head?.status ?? 0;
  }

  /** A client that has said who it is. */
  async login(username: string, password: string): Promise<RawClient> {
    const client = await RawClient.login(this.url, username, password);
    this.#opened.push(() => client.cut());
    return client;
  }

  /** Have everything be compiled and cached that ordinary clients have compiled and cached. */
  async #use(): Promise<void> {
    const plain = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx";
    const visits = Array.from({ length: PARSERS_KEPT }, async () => {
      const peer = await TcpPeer.connect({ port: this.port });
      peer.write(plain);
      await peer.closed;
    });
    await Promise.all(visits);
    for (let times = 0; times < 5; times++) {
      const client = await this.login("bob", "builder");
      for (let index = 0; index < 60; index++) {
        client.send({ do: "publish", channel: `board/use-${times}-${index}`, data: index });
        client.send({ do: "subscribe", channel: `board/use-${times}-${index}` });
        client.send({ do: "join", channel: `chat/use-${times}-${index}`, state: { name: "bob" } });
        client.send({ do: "subscribe", channel: "no channel" });
      }
      await client.rest();
      client.cut();
    }
    this.#opened.length = 0;
  }

  /** What an attack held is let go of in its time: connections end, and what they had goes. */
  async #whenLetGo(before: BusTargetReport, first: BusTargetReport): Promise<BusTargetReport> {
    let now = first;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const isBack = now.heldBytes < before.heldBytes * HELD_GROWTH_MAX && now.connections <= before.connections;
      if (isBack) break;
      const next = await this.report();
      now = { ...next, stallMs: Math.max(now.stallMs, next.stallMs) };
    }
    return now;
  }

  /** Some attacks are shorter than the time between two messages of the bystander. */
  async #whenServed(before: BystanderReport): Promise<BystanderReport> {
    let now = await this.#noticed();
    while (now.rounds === before.rounds && !now.isCut && now.worstMs < ANSWER_MS_MAX) {
      const next = await this.#noticed();
      now = { ...next, worstMs: Math.max(now.worstMs, next.worstMs) };
    }
    return now;
  }

  /** What the server tells of itself. */
  async report(): Promise<BusTargetReport> {
    expect([this.#server.exitCode, this.#server.signalCode], "the process has ended").toEqual([null, null]);
    const answer = once(this.#server, "message");
    this.#server.send("report");
    const [report] = (await answer) as [BusTargetReport];
    return report;
  }

  async #noticed(): Promise<BystanderReport> {
    const answer = once(this.#bystander, "message");
    this.#bystander.send("report");
    const [report] = (await answer) as [BystanderReport];
    return report;
  }
}

/**
 * Run attacks on one server, twice: what the second time leaves behind adds to the first, what is only compiled,
 * cached or remembered up to a limit does not.
 */
export function describeTwice(title: string, attacks: (target: () => BusTarget) => void): void {
  let target: BusTarget | undefined;
  const held: number[] = [];
  const running = (): BusTarget => {
    if (target === undefined) throw new Error("the server has not been started");
    return target;
  };
  describe(title, () => {
    beforeAll(async () => {
      target = await BusTarget.start();
    });
    afterAll(async () => {
      console.log(running().summary);
      await running().stop();
    });
    describe.each(["at first", "and again"])("%s,", () => {
      attacks(running);
      afterAll(async () => {
        held.push((await running().report()).heldBytes);
      });
    });
    it("holds no more after the second time than after the first", () => {
      const [first = 0, second = 0] = held;
      expect(second / first).toBeGreaterThan(0);
      expect(second / first).toBeLessThan(HELD_GROWTH_MAX);
    });
  });
}

/** The request of a client of the bus. */
export function busRequest({ headers = {}, target = "/bus", ...options }: RequestOptions = {}): string {
  return upgradeRequest({ target, headers: { "Sec-WebSocket-Protocol": "busbar.v1", ...headers }, ...options });
}

function said(figure: string, value: number): string {
  if (figure.endsWith("Bytes")) return `${(value / 1_048_576).toFixed(1)} MiB`;
  return figure.endsWith("Ms") ? `${value.toFixed(1)} ms` : `${value.toFixed(3)} times`;
}

/** Publish, and again as soon as the server says that it may. */
export async function publishInTime(client: RawClient, channel: string, data: unknown): Promise<void> {
  for (;;) {
    const { error } = await client.ask({ do: "publish", channel, data });
    if (error === undefined) return;
    const { retryAfterMs } = Object(error) as { retryAfterMs?: number };
    if (retryAfterMs === undefined) throw new Error(`${channel} refused a message: ${JSON.stringify(error)}`);
    await setTimeout(retryAfterMs);
  }
}

/** Run a file of this folder in a process of its own. */
function forkBuilt(name: string, parameters: readonly string[], execArgv: readonly string[]): ChildProcess {
  const folder = mkdtempSync(join(tmpdir(), "busbar-security-"));
  const outfile = join(folder, "program.mjs");
  buildSync({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    external: ["lmdb"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  const child = fork(outfile, [...parameters], { execArgv: [...execArgv] });
  child.once("exit", () => rmSync(folder, { recursive: true }));
  return child;
}
