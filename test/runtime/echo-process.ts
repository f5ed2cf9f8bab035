/** Starts the echo of `echo-process.mjs` under a runtime. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { selfSigned } from "../support/certificate.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const program = fileURLToPath(new URL("echo-process.mjs", import.meta.url));

/**
 * Lay the program where an application would be, with the package beside it: in the repository Bun would follow the paths
 * of `tsconfig.json` to the sources.
 */
function install(folder: string): string {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(repository, join(folder, "node_modules", "busbar"));
  const installed = join(folder, "echo-process.mjs");
  copyFileSync(program, installed);
  return installed;
}

/** Leave a socket's file behind, as a process does that is killed while it listens. */
function leaveSocketAt(path: string): void {
  const listen =
    "require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ["-e", listen, path]);
}

/** Where the servers are, as the process says it. */
export interface Places {
  readonly runtime: string;
  /** Which file of the package it runs on. */
  readonly entry: string;
  readonly port: number;
  readonly securePort: number;
  readonly attachedPort: number;
  /** Where the whole of busbar is. */
  readonly busUrl: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly output: Interface;
  readonly folder: string;
  readonly cert: string;
  readonly places: Places;
}

export class EchoProcess {
  readonly #started: Started;

  private constructor(started: Started) {
    this.#started = started;
  }

  /** Start it under the runtime that is at `path`. */
  static async start(path: string): Promise<EchoProcess> {
    const folder = mkdtempSync(join(tmpdir(), "busbar-runtime-"));
    const { cert, key } = selfSigned();
    const socketPath = join(folder, "socket");
    leaveSocketAt(socketPath);
    const options = JSON.stringify({ key, cert, socketPath });
    const child = spawn(path, [install(folder), options], { stdio: ["pipe", "pipe", "inherit"] });
    const output = createInterface(child.stdout);
    const [line]: unknown[] = await Promise.race([once(output, "line"), once(output, "close")]);
    const places: Places = JSON.parse(String(line));
    return new EchoProcess({ child, output, folder, cert, places });
  }

  get places(): Places {
    return this.#started.places;
  }

  /** Of the server with TLS. */
  get cert(): string {
    return this.#started.cert;
  }

  get socketPath(): string {
    return join(this.#started.folder, "socket");
  }

  /** Have all servers closed; how the process ended, and what it said last. */
  async close(): Promise<{ readonly code: number | null; readonly said: string }> {
    const { child, output } = this.#started;
    const said = once(output, "line");
    const exit = once(child, "exit");
    child.stdin?.end();
    const [[line], [code]] = await Promise.all([said, exit]);
    return { code, said: String(line) };
  }

  async kill(): Promise<void> {
    const { child, folder } = this.#started;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true });
  }
}

/** One process for all tests of a `describe`. */
export function useEcho(path: string): () => EchoProcess {
  let echo: EchoProcess | undefined;
  beforeAll(async () => {
    echo = await EchoProcess.start(path);
  });
  afterAll(() => echo?.kill());
  return () => {
    if (echo === undefined) throw new Error("the process has not been started");
    return echo;
  };
}
