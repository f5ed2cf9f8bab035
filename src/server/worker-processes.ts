import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock, Timer } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";

/** A worker that ends is started again after so long, and twice as long each time, until one has lived for a while. */
const AGAIN_FIRST_MS = 100;
const AGAIN_LONGEST_MS = 10_000;
const LIVES_MS = 10_000;

/** How long a worker may take to finish what it has when the server stops. */
const STOP_MS = 5_000;

export interface WorkerProcessesOptions {
  /** So many processes. */
  readonly count: number;
  /** The module that exports the contract as `app` and the processors as `process`. */
  readonly module: string;
  /** Where the workers attach. */
  readonly url: string;
  readonly key: string;
  readonly parallelMax: number;
  /** The heap that each may have, in MiB; undefined: Node's own limit. */
  readonly memoryMiB: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when a worker's process has ended. */
  readonly onLost: (name: string) => void;
}

/** The workers that a server starts beside itself: when one dies, another takes its place. */
export class WorkerProcesses {
  readonly #options: WorkerProcessesOptions;
  readonly #children = new Map<number, ChildProcess>();
  readonly #restarts = new Set<Timer>();
  #isClosed = false;

  constructor(options: WorkerProcessesOptions) {
    this.#options = options;
    for (let index = 1; index <= options.count; index++) this.#start(index, AGAIN_FIRST_MS);
  }

  /** The processes' ids. */
  get pids(): number[] {
    return [...this.#children.values()].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** End all of them; resolves when they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#restarts) timer.cancel();
    await Promise.all([...this.#children.values()].map((child) => this.#end(child)));
  }

  #start(index: number, againMs: number): void {
    const { clock, key, logger, memoryMiB, module, onLost, parallelMax, url } = this.#options;
    const name = `${process.pid}-${index}-${Math.floor(clock.now())}`;
    const startedAt = clock.now();
    const child = fork(fileURLToPath(new URL("../worker/main.js", import.meta.url)), [], {
      execArgv: memoryMiB === undefined ? [] : [`--max-old-space-size=${memoryMiB}`],
      env: {
        ...process.env,
        BUSBAR_WORKER_URL: url,
        BUSBAR_WORKER_KEY: key,
        BUSBAR_WORKER_NAME: name,
        BUSBAR_WORKER_MODULE: module,
        BUSBAR_WORKER_PARALLEL: String(parallelMax),
      },
    });
    this.#children.set(index, child);
    child.on("error", (error) => logger.error("worker/not-started", { worker: name, cause: error.message }));
    child.on("exit", (code, signal) => {
      this.#children.delete(index);
      onLost(name);
      if (this.#isClosed) return;
      const hasLived = clock.now() - startedAt >= LIVES_MS;
      const waitMs = hasLived ? AGAIN_FIRST_MS : againMs;
      logger.error("worker/ended", { worker: name, code: code ?? signal ?? "", againMs: waitMs });
      const timer = clock.schedule(waitMs, () => {
        this.#restarts.delete(timer);
        this.#start(index, Math.min(waitMs * 2, AGAIN_LONGEST_MS));
      });
      this.#restarts.add(timer);
    });
  }

  #end(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.schedule(STOP_MS, () => child.kill("SIGKILL"));
      child.on("exit", () => {
        timer.cancel();
        resolve();
      });
      child.kill("SIGTERM");
    });
  }
}
