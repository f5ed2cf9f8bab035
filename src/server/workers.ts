import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Authenticator } from "../auth/authenticator.js";
import { isSameSecret } from "../auth/secret.js";
import type { Contract } from "../contract/contract.js";
import { serve } from "../engine/serve.js";
import type { WebSocketServer } from "../engine/web-socket-server.js";
import type { Clock } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import { randomHex } from "../kernel/random-hex.js";
import { workerSubprotocol } from "../pipeline/worker-protocol.js";
import { WorkerHost, type WorkerSnapshot } from "./worker-host.js";
import { WorkerProcesses } from "./worker-processes.js";

/** The longest message to or from a worker, in bytes: a message may have emitted many. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** A key that somebody could guess is none. */
const KEY_LENGTH_MIN = 16;

/** Processes that run the processors. */
export interface WorkersOptions {
  /** So many processes are started beside the server, and started again where they die. Default: none. */
  readonly count?: number;
  /** So many messages each of them processes at the same time. Default: 16. */
  readonly parallelMax?: number;
  /** The heap that each of them may have, in MiB. Default: Node's own limit. */
  readonly memoryMiB?: number;
  /** Where other workers can attach: a Unix socket, or a port (of `127.0.0.1`, where no host is named). */
  readonly listen?: { readonly path: string } | { readonly port: number; readonly host?: string };
  /** What they have to know: at least 16 characters of `[A-Za-z0-9._~+/-]` that nobody can guess. */
  readonly key?: string;
}

export interface WorkersParts {
  readonly options: WorkersOptions;
  readonly contract: Contract;
  /** The patterns whose processors the workers have. */
  readonly patterns: ReadonlySet<string>;
  /** The module with the processors, for the processes that are started; undefined where there is none. */
  readonly module: string | undefined;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The workers of a server: those that it starts, and those that attach. */
export class Workers {
  readonly host: WorkerHost;
  readonly #parts: WorkersParts;
  readonly #listeners: WebSocketServer[] = [];
  #processes: WorkerProcesses | undefined;
  #folder: string | undefined;

  /**
   * Listen for workers, and start those of its own.
   *
   * Rejects with `options/invalid`, or `server/cannot-listen`.
   */
  static async open(parts: WorkersParts): Promise<Workers> {
    const workers = new Workers(parts);
    try {
      await workers.#open();
    } catch (error) {
      await workers.close();
      throw error;
    }
    return workers;
  }

  private constructor(parts: WorkersParts) {
    const { contract, leaseMs, logger, patterns } = parts;
    this.#parts = parts;
    this.host = new WorkerHost({ contract, leaseMs, logger, patterns });
  }

  get snapshot(): WorkerSnapshot[] {
    return this.host.workers;
  }

  /** The port that other workers attach to; undefined where it is none. */
  get port(): number | undefined {
    return this.#listeners.find(({ port }) => port !== undefined)?.port;
  }

  /** The ids of the processes that it started. */
  get pids(): number[] {
    return this.#processes?.pids ?? [];
  }

  /** End the own processes, and let the others go. */
  async close(): Promise<void> {
    await this.#processes?.close();
    await Promise.all(this.#listeners.map((listener) => listener.close(1012, "the server stops; come back later")));
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  async #open(): Promise<void> {
    const { clock, logger, module, options, random } = this.#parts;
    const { count = 0, key, listen, memoryMiB, parallelMax = 16 } = options;
    if (listen !== undefined) {
      if (key === undefined || key.length < KEY_LENGTH_MIN || !/^[A-Za-z0-9._~+/-]+=*$/.test(key)) {
        const text = `workers.key has at least ${KEY_LENGTH_MIN} characters, of [A-Za-z0-9._~+/-]`;
        throw new BusbarError("options/invalid", text);
      }
      await this.#listen("path" in listen ? { socketPath: listen.path } : { host: "127.0.0.1", ...listen }, key);
    }
    if (count === 0) return;
    if (module === undefined) {
      const text = "processes have to load the processors: give `process` as the URL of a module that exports them";
      throw new BusbarError("options/invalid", `workers.count is ${count}; ${text}`);
    }
    this.#folder = mkdtempSync(join(tmpdir(), "busbar-workers-"));
    const socketPath = join(this.#folder, "socket");
    const ownKey = randomHex(random, 32);
    await this.#listen({ socketPath }, ownKey);
    this.#processes = new WorkerProcesses({
      count,
      module,
      url: `unix:${socketPath}`,
      key: ownKey,
      parallelMax,
      memoryMiB,
      clock,
      logger,
      onLost: (name) => this.host.lost(name),
    });
  }

  async #listen(place: { socketPath: string } | { host?: string; port: number }, key: string): Promise<void> {
    const listener = await serve((socket) => this.host.take(socket), {
      ...place,
      subprotocols: [workerSubprotocol],
      authenticate: knows(key),
      limits: { messageBytesMax: MESSAGE_BYTES_MAX, outboxBytesMax: MESSAGE_BYTES_MAX },
      logger: this.#parts.logger,
    });
    this.#listeners.push(listener);
  }
}

/** Whoever knows the key is a worker. */
function knows(key: string): Authenticator {
  return ({ credentials }) => {
    const isKnown = credentials?.scheme === "bearer" && isSameSecret(key, credentials.token);
    return isKnown ? { id: "worker", roles: [], claims: {}, expiresAtMs: undefined } : undefined;
  };
}
