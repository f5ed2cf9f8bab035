/** Programs of these tests, each a process of its own, and what the test and they say to each other. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Inside of the repository, so that a bundle finds the packages that stay outside of it. */
const folder = join(root, "build", "endurance");

/** Put a program of this folder into one file that Node runs. Returns its path. */
export async function bundle(name: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const outfile = join(mkdtempSync(join(folder, `${name}-`)), `${name}.mjs`);
  const entry = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["lmdb", "ws"],
    tsconfig: join(root, "tsconfig.json"),
    outfile,
  });
  return outfile;
}

/** Remove what `bundle` made. */
export function removeBundle(path: string): void {
  rmSync(join(path, ".."), { recursive: true });
}

/** A folder for one test's store. */
export function newStoreFolder(): string {
  return mkdtempSync(join(tmpdir(), "busbar-endurance-"));
}

/** A running program. `Told` is what it tells, `Asked` what it is told. */
export class Program<Told, Asked = never> {
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;

  /**
   * Start it. What it tells goes to `listener`.
   *
   * @param path what `bundle` returned
   * @param settings are given to it as JSON
   */
  constructor(path: string, settings: unknown, listener: (told: Told) => void) {
    if (!existsSync(path)) throw new Error(`${path} is not built`);
    const execArgv = ["--expose-gc", "--no-concurrent-array-buffer-sweeping"];
    this.#child = fork(path, [JSON.stringify(settings)], { execArgv });
    // Both ends of the pipe are this test's.
    this.#child.on("message", (told: Told) => listener(told));
    this.gone = once(this.#child, "exit").then(() => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  ask(asked: Asked): void {
    this.#child.send(asked as object);
  }

  /** `kill -9`: it cannot do anything about it. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#child.kill("SIGKILL");
    await this.gone;
  }
}

/** Resolves at a moment that a seed has chosen: the moment is what is tried, and nothing is waited for. */
export function moment(delayMs: number): Promise<void> {
  return new Promise((ring) => {
    setTimeout(ring, delayMs);
  });
}
