import { NodeRandom } from "../adapters/node/random.js";
import { nodeClock } from "../adapters/node/clock.js";
import { silentLogger, type Logger } from "../kernel/logger.js";
import type { Principal } from "../auth/principal.js";
import type { Contract } from "../contract/contract.js";
import { validate } from "../contract/validation.js";
import { connect, type ClientSocket } from "../engine/connect.js";
import { causeText } from "../kernel/cause-text.js";
import type { Timer } from "../kernel/clock.js";
import { deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { randomHex } from "../kernel/random-hex.js";
import { LocalExecutor, type Abortable } from "../pipeline/executor.js";
import { pipelineLimits } from "../pipeline/pipeline.js";
import { processorTable } from "../pipeline/processor-table.js";
import type { Produced } from "../pipeline/production.js";
import { readHostMessage, workerSubprotocol, type Task, type WorkerMessage } from "../pipeline/worker-protocol.js";
import { HandshakeError } from "../protocol/errors.js";
import { wireError } from "../wire/errors.js";

/** A worker that was cut off tries to come back after so long, and twice as long each time, up to the second. */
const RETURN_FIRST_MS = 100;
const RETURN_LONGEST_MS = 5_000;

/** The longest message to or from a worker, in bytes: a message may have emitted many. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

export interface WorkerOptions {
  /** The server's address for workers: `ws://host:port`, or `unix:/path` for a Unix socket. */
  readonly url: string;
  /** The key that the server knows. */
  readonly key: string;
  /** The processors, as `serve` takes them. */
  readonly process: object;
  /** So many messages are processed at the same time. Default: 16. */
  readonly parallelMax?: number;
  /** Names the worker in logs. Default: a random one. */
  readonly name?: string;
  readonly logger?: Logger;
}

/**
 * Attach to a running server and process its messages; resolves when the server has taken the worker.
 *
 * It comes back by itself when it is cut off. Rejects with `worker/refused` where the server does not know the key, and
 * with what the address cannot be reached for at first.
 *
 * @example const worker = await work(app, { url: "unix:/run/busbar.sock", key, process: { "orders/:id": handleOrder } });
 */
export async function work(app: Contract, options: WorkerOptions): Promise<Worker> {
  const worker = new Worker(app, options);
  await worker.open();
  return worker;
}

/** A process's part in processing a server's messages. */
export class Worker implements AsyncDisposable {
  readonly name: string;
  readonly #app: Contract;
  readonly #options: WorkerOptions;
  readonly #executor: LocalExecutor<Principal>;
  readonly #patterns: readonly string[];
  readonly #logger: Logger;
  readonly #running = new Map<number, AbortController>();
  /** What was done while the server was not there. */
  readonly #unsaid: WorkerMessage[] = [];
  #socket: ClientSocket | undefined;
  #alive: Timer | undefined;
  #returning: NodeJS.Timeout | undefined;
  #returnMs = RETURN_FIRST_MS;
  #isClosing = false;
  #isIdle = deferred<void>();

  /** @throws BusbarError `server/no-such-pattern`, `server/no-processor` or `options/invalid`. */
  constructor(app: Contract, options: WorkerOptions) {
    const { parallelMax = 16 } = options;
    if (!Number.isSafeInteger(parallelMax) || parallelMax < 1) {
      throw new BusbarError("options/invalid", `parallelMax is a whole number from 1, not ${parallelMax}`);
    }
    const { processors } = processorTable<Principal>(app, options.process);
    this.#app = app;
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#patterns = [...processors.keys()];
    const match = app.match.bind(app);
    this.#executor = new LocalExecutor({ processors, match, emitsMax: pipelineLimits.emitsMax });
    this.name = options.name ?? `worker-${randomHex(new NodeRandom(), 8)}`;
  }

  /** How many messages are being processed. */
  get running(): number {
    return this.#running.size;
  }

  /** Connect for the first time; `work` does it. */
  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      if (error instanceof HandshakeError && (error.status === 401 || error.status === 403)) {
        throw new BusbarError("worker/refused", "the server does not know this worker's key", { cause: error });
      }
      throw error;
    }
  }

  /** Take no more messages, finish those that are being processed, and go. Once; resolves when that is done. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#returning);
    this.#say({ say: "leaving" });
    if (this.#running.size > 0) await this.#isIdle.promise;
    this.#alive?.cancel();
    await this.#socket?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #connect(): Promise<void> {
    const { key, url } = this.#options;
    const isUnix = url.startsWith("unix:");
    const socket = await connect(isUnix ? "ws://localhost/" : url, {
      ...(isUnix && { socketPath: url.slice("unix:".length) }),
      subprotocols: [workerSubprotocol],
      headers: { Authorization: `Bearer ${key}` },
      limits: { messageBytesMax: MESSAGE_BYTES_MAX, outboxBytesMax: MESSAGE_BYTES_MAX },
    });
    const welcome = deferred<void>();
    this.#socket = socket;
    socket.on("message", (data) => {
      this.#hear(String(data), () => welcome.resolve());
    });
    socket.on("close", ({ code, reason }) => {
      this.#alive?.cancel();
      if (this.#socket === socket) this.#socket = undefined;
      welcome.reject(new BusbarError("worker/cut-off", `the server closed the connection with ${code} ${reason}`));
      this.#comeBack();
    });
    const tasks = [...this.#running.keys(), ...this.#unsaid.flatMap((said) => ("task" in said ? [said.task] : []))];
    this.#say({
      say: "hello",
      worker: this.name,
      patterns: this.#patterns,
      parallelMax: this.#options.parallelMax ?? 16,
      tasks,
      contract: this.#app.fingerprint,
    });
    for (const said of this.#unsaid.splice(0)) this.#say(said);
    await welcome.promise;
    this.#returnMs = RETURN_FIRST_MS;
  }

  #comeBack(): void {
    if (this.#isClosing || this.#returning !== undefined) return;
    const waitMs = this.#returnMs;
    this.#returnMs = Math.min(waitMs * 2, RETURN_LONGEST_MS);
    // Not on the clock, whose timers keep no process alive: a worker that waits for its server is not done.
    this.#returning = setTimeout(() => {
      this.#returning = undefined;
      this.#connect().catch((error: unknown) => {
        this.#logger.warn("worker/not-attached", { worker: this.name, cause: causeText(error) });
        this.#comeBack();
      });
    }, waitMs);
  }

  #hear(text: string, onWelcome: () => void): void {
    const message = readHostMessage(text);
    switch (message.say) {
      case "welcome":
        if (message.contract === "differs") this.#logger.warn("worker/contract-differs", { worker: this.name });
        this.#sayAlive(message.aliveEveryMs);
        return onWelcome();
      case "work":
        this.#work(message).catch((error: unknown) => {
          this.#logger.error("worker/defect", { worker: this.name, cause: causeText(error) });
        });
        return;
      case "cancel":
        return this.#running
          .get(message.task)
          ?.abort(new BusbarError("worker/cancelled", "the server gave the message up"));
    }
  }

  /** Say that it lives, as often as the server wants to hear it. */
  #sayAlive(everyMs: number): void {
    this.#alive?.cancel();
    this.#alive = nodeClock.schedule(everyMs, () => {
      this.#say({ say: "alive" });
      this.#sayAlive(everyMs);
    });
  }

  /** Process a message and say what came of it. */
  async #work({ attempt, channel, data, id, principal, task }: Task): Promise<void> {
    const controller = new AbortController();
    this.#running.set(task, controller);
    let said: WorkerMessage;
    try {
      said = {
        say: "done",
        task,
        produced: await this.#produce({ attempt, channel, data, id, principal, task }, controller),
      };
    } catch (error) {
      said = { say: "failed", task, error: causeText(error) };
    }
    this.#running.delete(task);
    if (!controller.signal.aborted) this.#say(said);
    if (this.#running.size === 0) {
      this.#isIdle.resolve();
      this.#isIdle = deferred<void>();
    }
  }

  async #produce({ attempt, channel, data, id, principal }: Task, abort: Abortable): Promise<Produced> {
    const match = this.#app.match(channel);
    if (match === undefined) throw wireError("channel/unknown", `this worker's contract has no channel ${channel}`);
    const validation = await validate(match.definition.message, data);
    if (!validation.isValid) throw wireError("message/invalid", validation.problem);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server sends the publisher's principal
    const publisher = principal as Principal;
    const message = validation.value;
    return this.#executor.run({ id: () => id, channel, match, data, message, principal: publisher, attempt }, abort);
  }

  #say(message: WorkerMessage): void {
    if (this.#socket === undefined) {
      if ("task" in message) this.#unsaid.push(message);
      return;
    }
    this.#socket.send(JSON.stringify(message)).catch((error: unknown) => {
      if ("task" in message) this.#unsaid.push(message);
      this.#logger.debug("worker/not-said", { worker: this.name, cause: causeText(error) });
    });
  }
}
