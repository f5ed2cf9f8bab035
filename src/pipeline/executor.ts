import type { ChannelMatch } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import type { Processor } from "./processor.js";
import { produce, type Abortable, type Produced, type Work } from "./production.js";

export type { Abortable };

/** The code of a rejection that says: nobody has begun with it. */
export const noRoomCode = "pipeline/no-room";

export interface RunOptions {
  readonly abort: Abortable;
  /** Called when whoever runs it is known to be alive; false: its outcome does not count any more. */
  readonly renew: () => boolean;
}

/** A place for one message in an executor. */
export interface Seat<Principal> {
  /** Rejects where the attempt failed; with the code `noRoomCode` where nobody has begun with it. Once. */
  run(work: Work<Principal>, options: RunOptions): Promise<Produced>;
  /** Give the place back; whether it was used or not. Often. */
  leave(): void;
}

/** Where processors run: in this process, or in others. */
export interface Executor<Principal> {
  /** Whether there is a processor for a pattern; without one messages stay as they are. */
  has(pattern: string): boolean;
  /** Whether those who run a pattern's processor can vanish: then each attempt is leased. */
  isLeased(pattern: string): boolean;
  /** A place for a message of this pattern; undefined where there is none now. */
  seat(pattern: string): Seat<Principal> | undefined;
  /** Run a message's processor as soon as there is a place. Rejects where it failed, and with the signal's reason. */
  run(work: Work<Principal>, abort: Abortable): Promise<Produced>;
  /** Called when there may be a place again. One listener for each executor's user. */
  onRoom(listener: () => void): void;
}

export interface LocalExecutorOptions<Principal> {
  readonly processors: ReadonlyMap<string, Processor<unknown, Params, Principal>>;
  readonly match: (channel: string) => ChannelMatch | undefined;
  readonly emitsMax: number;
}

/** Runs processors in this process. A pattern without one keeps its messages as they are. */
export class LocalExecutor<Principal> implements Executor<Principal> {
  readonly #options: LocalExecutorOptions<Principal>;
  /** There is always a place. */
  readonly #seat: Seat<Principal> = { run: (work, { abort }) => this.run(work, abort), leave: () => {} };

  constructor(options: LocalExecutorOptions<Principal>) {
    this.#options = options;
  }

  has(pattern: string): boolean {
    return this.#options.processors.has(pattern);
  }

  isLeased(): boolean {
    return false;
  }

  seat(): Seat<Principal> {
    return this.#seat;
  }

  run(work: Work<Principal>, abort: Abortable): Promise<Produced> {
    const { emitsMax, match, processors } = this.#options;
    const processor = processors.get(work.match.pattern) ?? unchanged;
    return produce(processor, work, { match, abort, emitsMax });
  }

  onRoom(): void {}
}

/** Runs the messages of some patterns elsewhere. */
export class SplitExecutor<Principal> implements Executor<Principal> {
  readonly #local: Executor<Principal>;
  readonly #remote: Executor<Principal>;

  /** @param remote has the patterns that go there */
  constructor(local: Executor<Principal>, remote: Executor<Principal>) {
    this.#local = local;
    this.#remote = remote;
  }

  has(pattern: string): boolean {
    return this.#remote.has(pattern) || this.#local.has(pattern);
  }

  isLeased(pattern: string): boolean {
    return this.#of(pattern).isLeased(pattern);
  }

  seat(pattern: string): Seat<Principal> | undefined {
    return this.#of(pattern).seat(pattern);
  }

  run(work: Work<Principal>, abort: Abortable): Promise<Produced> {
    return this.#of(work.match.pattern).run(work, abort);
  }

  onRoom(listener: () => void): void {
    this.#local.onRoom(listener);
    this.#remote.onRoom(listener);
  }

  #of(pattern: string): Executor<Principal> {
    return this.#remote.has(pattern) ? this.#remote : this.#local;
  }
}

function unchanged(message: unknown): unknown {
  return message;
}
