/** Starts the process that is attacked, and sees that it lives and serves others meanwhile. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from "vitest";
import { connect, type ClientSocket } from "busbar/websocket";
import { TcpPeer, upgradeRequest, type RequestOptions } from "../support/tcp-peer.js";
import type { TargetPorts, TargetReport } from "./target-server.js";

export const servers = ["served", "attached"] as const;
export type ServerName = (typeof servers)[number];

/** How long anybody else may wait for an answer while the server is attacked. */
const ANSWER_MS_MAX = 5000;

export class Target {
  readonly #child: ChildProcess;
  readonly #ports: TargetPorts;
  /** One client of each server, who has nothing to do with the attacks. */
  readonly #witnesses: readonly ClientSocket[];
  #round = 0;

  private constructor(child: ChildProcess, ports: TargetPorts, witnesses: readonly ClientSocket[]) {
    this.#child = child;
    this.#ports = ports;
    this.#witnesses = witnesses;
  }

  static async start(): Promise<Target> {
    const folder = mkdtempSync(join(tmpdir(), "busbar-hostile-"));
    const outfile = join(folder, "target-server.mjs");
    const entry = fileURLToPath(new URL("target-server.ts", import.meta.url));
    buildSync({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", target: "node20", outfile });
    const child = fork(outfile, { execArgv: ["--expose-gc", "--no-concurrent-array-buffer-sweeping"] });
    child.once("exit", () => rmSync(folder, { recursive: true }));
    const [ports] = (await once(child, "message")) as [TargetPorts];
    const witnesses = await Promise.all(servers.map((name) => connect(`ws://127.0.0.1:${ports[name]}/socket`)));
    return new Target(child, ports, witnesses);
  }

  async stop(): Promise<void> {
    for (const witness of this.#witnesses) witness.terminate();
    if (this.#child.exitCode !== null) return;
    this.#child.kill();
    await once(this.#child, "exit");
  }

  /** Have the witnesses say something and hear it back. */
  async serveOthers(): Promise<void> {
    const text = `round ${++this.#round}`;
    for (const witness of this.#witnesses) {
      const before = performance.now();
      await witness.send(text);
      const { value } = await witness[Symbol.asyncIterator]().next();
      if (value !== text) throw new Error(`a witness heard ${String(value)} instead of ${text}`);
      const milliseconds = performance.now() - before;
      if (milliseconds > ANSWER_MS_MAX) throw new Error(`a witness waited for ${milliseconds} ms`);
    }
  }

  /** Run an attack; the witnesses are served all the while. */
  async during<Result>(attack: Promise<Result>): Promise<Result> {
    const isOver = attack.then(
      () => true,
      () => true,
    );
    do await this.serveOthers();
    while (!(await Promise.race([isOver, Promise.resolve(false)])));
    return attack;
  }

  async report(): Promise<TargetReport> {
    this.#child.send("report");
    const [report] = (await once(this.#child, "message")) as [TargetReport];
    return report;
  }

  /** Connect without a handshake. */
  async open(name: ServerName): Promise<TcpPeer> {
    const peer = await TcpPeer.connect({ port: this.#ports[name] });
    onTestFinished(() => void peer.socket.destroy());
    return peer;
  }

  async openMany(name: ServerName, count: number): Promise<readonly TcpPeer[]> {
    return Promise.all(Array.from({ length: count }, () => this.open(name)));
  }

  /** Connect, and go through the handshake. */
  async upgraded(name: ServerName, options: RequestOptions = {}): Promise<TcpPeer> {
    const peer = await this.open(name);
    peer.write(upgradeRequest({ target: "/socket", ...options }));
    const { status } = await peer.head();
    if (status !== 101) throw new Error(`refused with ${status}`);
    return peer;
  }

  /** Send a request and see how it is answered. */
  async statusOf(name: ServerName, request: string | Uint8Array): Promise<number> {
    const peer = await this.open(name);
    peer.write(request);
    return (await peer.head()).status;
  }

  /** @throws when the process has ended. */
  async mustLive(): Promise<void> {
    expect(this.#child.exitCode, "the process has ended").toBeNull();
    await this.serveOthers();
  }
}

/** One process for all tests of a file; it must live and serve after each of them. */
export function useTarget(): () => Target {
  let target: Target | undefined;
  const running = (): Target => {
    if (target === undefined) throw new Error("the process has not been started");
    return target;
  };
  beforeAll(async () => {
    target = await Target.start();
  });
  afterEach(() => running().mustLive());
  afterAll(() => target?.stop());
  return running;
}
