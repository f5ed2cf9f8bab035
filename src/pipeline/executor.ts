import type { ChannelMatch } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import type { Processor } from "./processor.js";
import { produce, type Produced, type Work } from "./production.js";

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Called when whoever runs it is known to be alive; false: its outcome does not count any more. */
  readonly renew: () => boolean;
}

/** Where processors run: in this process, or in others. */
export interface Executor<Principal> {
  /** Whether there is a processor for a pattern; without one messages stay as they are. */
  has(pattern: string): boolean;
  /** Whether those who run a pattern's processor can vanish: then each attempt is leased. */
  isLeased(pattern: string): boolean;
  /** Whether it can begin with a message of this pattern now. */
  hasRoom(pattern: string): boolean;
  /** Rejects where the attempt failed. */
  run(work: Work<Principal>, options: RunOptions): Promise<Produced>;
  /** Called when there may be room again. One listener. */
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

  constructor(options: LocalExecutorOptions<Principal>) {
    this.#options = options;
  }

  has(pattern: string): boolean {
    return this.#options.processors.has(pattern);
  }

  isLeased(): boolean {
    return false;
  }

  hasRoom(): boolean {
    return true;
  }

  run(work: Work<Principal>, { signal }: RunOptions): Promise<Produced> {
    const { emitsMax, match, processors } = this.#options;
    const processor = processors.get(work.match.pattern) ?? unchanged;
    return produce(processor, work, { match, signal, emitsMax });
  }

  onRoom(): void {}
}

function unchanged(message: unknown): unknown {
  return message;
}
