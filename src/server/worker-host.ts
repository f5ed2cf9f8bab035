import type { ServerSocket } from "../engine/socket-host.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import type { Contract } from "../contract/contract.js";
import { wireError } from "../wire/errors.js";
import type { Principal } from "../auth/principal.js";
import { noRoomCode, type Abortable, type Executor, type RunOptions, type Seat } from "../pipeline/executor.js";
import type { Produced, Work } from "../pipeline/production.js";
import { readWorkerMessage, type HostMessage, type WorkerMessage } from "../pipeline/worker-protocol.js";

/** A worker says that it lives so many times within a lease. */
const ALIVE_PER_LEASE = 3;

/** So many messages whose publishers wait can wait for a worker. */
const WAITING_MAX = 10_000;

export interface WorkerHostOptions {
  readonly contract: Contract;
  /** The patterns whose processors the workers have. */
  readonly patterns: ReadonlySet<string>;
  /** The shortest lease of a queue. */
  readonly leaseMs: number;
  readonly logger: Logger;
}

/** A message that a worker has. */
interface Running {
  readonly task: number;
  readonly settle: { readonly resolve: (produced: Produced) => void; readonly reject: (error: unknown) => void };
  readonly renew: () => boolean;
}

/** A worker, attached or cut off for a moment. */
interface Member {
  readonly name: string;
  socket: ServerSocket | undefined;
  patterns: ReadonlySet<string>;
  parallelMax: number;
  isLeaving: boolean;
  /** Places that are given out, whether a message runs there or not yet. */
  seats: number;
  readonly running: Map<number, Running>;
}

/** A worker as it is now. */
export interface WorkerSnapshot {
  readonly name: string;
  readonly isAttached: boolean;
  readonly patterns: readonly string[];
  readonly parallelMax: number;
  readonly running: number;
}

/** Somebody who waits for a place. */
interface Waiting {
  readonly pattern: string;
  readonly take: (seat: Seat<Principal>) => void;
}

/** Runs processors in workers that attach to this server. */
export class WorkerHost implements Executor<Principal> {
  readonly #options: WorkerHostOptions;
  readonly #members = new Map<string, Member>();
  readonly #waiting = new Set<Waiting>();
  readonly #listeners: (() => void)[] = [];
  #lastTask = 0;

  constructor(options: WorkerHostOptions) {
    this.#options = options;
  }

  get workers(): WorkerSnapshot[] {
    return Array.from(this.#members.values(), ({ name, parallelMax, patterns, running, socket }) => {
      return { name, isAttached: socket !== undefined, patterns: [...patterns], parallelMax, running: running.size };
    });
  }

  has(pattern: string): boolean {
    return this.#options.patterns.has(pattern);
  }

  isLeased(): boolean {
    return true;
  }

  seat(pattern: string): Seat<Principal> | undefined {
    let best: Member | undefined;
    for (const member of this.#members.values()) {
      if (member.socket === undefined || member.isLeaving || !member.patterns.has(pattern)) continue;
      if (member.seats >= member.parallelMax) continue;
      if (best === undefined || member.seats / member.parallelMax < best.seats / best.parallelMax) best = member;
    }
    return best && this.#seatAt(best);
  }

  async run(work: Work<Principal>, abort: Abortable): Promise<Produced> {
    const { signal } = abort;
    for (;;) {
      const seat = this.seat(work.match.pattern) ?? (await this.#waitForSeat(work.match.pattern, signal));
      try {
        return await seat.run(work, { abort, renew: () => true });
      } catch (error) {
        if (!(error instanceof BusbarError && error.code === noRoomCode)) throw error;
      } finally {
        seat.leave();
      }
    }
  }

  onRoom(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Take a worker's connection. */
  take(socket: ServerSocket): void {
    let member: Member | undefined;
    socket.on("message", (data) => {
      try {
        const message = readWorkerMessage(String(data));
        if (message.say === "hello") member = this.#attach(message, socket);
        else if (member?.socket === socket) this.#hear(member, message);
        else throw wireError("wire/hello-first", "a worker says hello first");
      } catch (error) {
        this.#options.logger.warn("worker/malformed", { worker: member?.name, cause: causeText(error) });
        socket.close(1008, "malformed").catch(() => {});
      }
    });
    socket.on("close", () => {
      if (member?.socket === socket) this.#detach(member);
    });
  }

  /** A worker is known to be dead: what it had goes to others at once. */
  lost(name: string): void {
    const member = this.#members.get(name);
    if (member === undefined) return;
    for (const { settle } of member.running.values()) settle.reject(lostError(name));
    member.running.clear();
    this.#members.delete(name);
  }

  #attach(hello: Extract<WorkerMessage, { say: "hello" }>, socket: ServerSocket): Member {
    const { contract, leaseMs, logger } = this.#options;
    const { parallelMax, worker: name } = hello;
    const known = this.#members.get(name);
    const member = known ?? {
      name,
      socket,
      patterns: new Set<string>(),
      parallelMax,
      isLeaving: false,
      seats: 0,
      running: new Map<number, Running>(),
    };
    this.#members.set(name, member);
    const before = member.socket;
    member.socket = socket;
    if (before !== socket) before?.terminate();
    member.patterns = new Set(hello.patterns);
    member.parallelMax = parallelMax;
    member.isLeaving = false;
    // What it does not work on any more was lost on the way.
    const tasks = new Set<number>(hello.tasks);
    for (const [task, running] of member.running) if (!tasks.has(task)) running.settle.reject(lostError(name));
    for (const task of tasks) if (!member.running.has(task)) this.#tell(member, { say: "cancel", task });
    const isDifferent = hello.contract !== contract.fingerprint;
    if (isDifferent) logger.warn("worker/contract-differs", { worker: name });
    const aliveEveryMs = Math.max(1, Math.floor(leaseMs / ALIVE_PER_LEASE));
    this.#tell(member, { say: "welcome", aliveEveryMs, ...(isDifferent && { contract: "differs" }) });
    logger.info("worker/attached", { worker: name, patterns: hello.patterns.join(" "), parallelMax });
    this.#offerRoom();
    return member;
  }

  #detach(member: Member): void {
    this.#options.logger.info("worker/detached", { worker: member.name, running: member.running.size });
    member.socket = undefined;
    if (member.running.size === 0) this.#members.delete(member.name);
  }

  #hear(member: Member, message: Exclude<WorkerMessage, { say: "hello" }>): void {
    switch (message.say) {
      case "alive":
        for (const { renew, settle, task } of member.running.values()) {
          if (renew()) continue;
          settle.reject(lostError(member.name));
          this.#tell(member, { say: "cancel", task });
        }
        return;
      case "leaving":
        member.isLeaving = true;
        return;
      case "done":
        return member.running.get(message.task)?.settle.resolve(message.produced);
      case "failed":
        return member.running
          .get(message.task)
          ?.settle.reject(wireError("message/failed", `the processor failed in ${member.name}: ${message.error}`));
    }
  }

  #seatAt(member: Member): Seat<Principal> {
    let isTaken = true;
    let isUsed = false;
    member.seats++;
    return {
      run: (work, options) => {
        isUsed = true;
        return this.#runAt(member, work, options);
      },
      leave: () => {
        if (!isTaken) return;
        isTaken = false;
        member.seats--;
        // Who leaves a place without having used it had nothing to do.
        if (isUsed) this.#offerRoom();
      },
    };
  }

  async #runAt(member: Member, work: Work<Principal>, { abort, renew }: RunOptions): Promise<Produced> {
    if (member.socket === undefined || member.isLeaving || this.#members.get(member.name) !== member) {
      throw new BusbarError("pipeline/no-room", "the worker has gone");
    }
    const task = ++this.#lastTask;
    const { signal } = abort;
    const { attempt, channel, data, id, principal } = work;
    const onAbort = (): void => {
      this.#tell(member, { say: "cancel", task });
      member.running.get(task)?.settle.reject(signal.reason);
    };
    try {
      return await new Promise<Produced>((resolve, reject) => {
        member.running.set(task, { task, renew, settle: { resolve, reject } });
        signal.addEventListener("abort", onAbort);
        this.#tell(member, { say: "work", task, id: id(), channel, data, principal, attempt });
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
      member.running.delete(task);
      if (member.socket === undefined && member.running.size === 0) this.#members.delete(member.name);
    }
  }

  #tell({ name, socket }: Member, message: HostMessage): void {
    socket?.send(JSON.stringify(message)).catch((error: unknown) => {
      this.#options.logger.debug("worker/not-told", { worker: name, cause: causeText(error) });
    });
  }

  #waitForSeat(pattern: string, signal: AbortSignal): Promise<Seat<Principal>> {
    if (this.#waiting.size >= WAITING_MAX) {
      throw wireError("server/busy", "too many messages wait for a worker", { retryAfterMs: 1_000 });
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(waiting);
        // What a deadline gives as its reason is an error already.
        reject(signal.reason instanceof Error ? signal.reason : lostError("nobody"));
      };
      const waiting: Waiting = {
        pattern,
        take: (seat) => {
          signal.removeEventListener("abort", onAbort);
          this.#waiting.delete(waiting);
          resolve(seat);
        },
      };
      this.#waiting.add(waiting);
      signal.addEventListener("abort", onAbort);
    });
  }

  /** There may be a place: those whose publishers wait come first. */
  #offerRoom(): void {
    for (const waiting of this.#waiting) {
      const seat = this.seat(waiting.pattern);
      if (seat !== undefined) waiting.take(seat);
    }
    for (const listener of this.#listeners) listener();
  }
}

function lostError(name: string): BusbarError {
  return new BusbarError("pipeline/worker-lost", `the worker ${name} was gone before it was done`, {
    retryable: true,
  });
}
