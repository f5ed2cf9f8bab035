/** What the programs and the test tell each other. */
import type { Acknowledgement, Handling, Position } from "./witness.js";

export interface ServerSettings {
  /** 0: a free one. */
  readonly port: number;
  /** A folder; without it everything stays in memory. */
  readonly store?: string;
}

export type ServerAsked =
  | { readonly ask: "memory" }
  /** Close, and end. */
  | { readonly ask: "close"; readonly drainMs: number; readonly retryAfterMs: number }
  /** Publish to each of these channels `bulk/…`, from this number on. */
  | { readonly ask: "fill"; readonly channels: readonly string[]; readonly from: number; readonly to: number };

export type ServerTold =
  | { readonly kind: "listening"; readonly port: number }
  /**
   * After a collection that freed nothing more: heap and what lies outside of it; what the system counts as the process's
   * own. And for how long its event loop stood still since the last time.
   */
  | { readonly kind: "memory"; readonly heldBytes: number; readonly anonymousBytes: number; readonly stallMs: number }
  | { readonly kind: "filled" };

export interface PublisherSettings {
  readonly url: string;
  readonly seed: number;
  /** One publisher, with a connection of its own, for each. */
  readonly names: readonly string[];
  readonly channels: readonly string[];
  /** Each publisher publishes after so long on average, whether or not it has its receipts. */
  readonly everyMs: number;
}

export type PublisherTold =
  | { readonly kind: "acknowledged"; readonly list: readonly Acknowledgement[] }
  /** A publish was rejected. */
  | { readonly kind: "refused"; readonly text: string }
  /** A connection was open again. */
  | { readonly kind: "reconnected" }
  /** It was asked to finish, and everything that it published has its receipt. */
  | { readonly kind: "finished" };

export interface SubscriberSettings {
  readonly url: string;
  readonly readers: readonly {
    readonly name: string;
    /** With the place to go on behind; null: from the start. */
    readonly channels: readonly (readonly [channel: string, from: Position | null])[];
  }[];
  /** Of the first delay before another attempt, and of the longest. */
  readonly reconnectDelayMs: number;
  readonly reconnectDelayMsMax: number;
}

export type SubscriberTold =
  | { readonly kind: "handled"; readonly list: readonly Handling[] }
  | { readonly kind: "failed"; readonly text: string }
  | { readonly kind: "reconnected" };

/** Many clients with one reader each, of the channel `log/jitter`. */
export interface CrowdSettings {
  readonly url: string;
  readonly count: number;
  /** The longest delay before another attempt; undefined: the default. */
  readonly reconnectDelayMsMax?: number;
}

export type CrowdAsked = "progress" | "report";

export type CrowdTold =
  | {
      readonly kind: "progress";
      readonly handled: number;
      readonly opened: number;
      /** What was published while the reader was away, and came from the log. */
      readonly madeUpFor: number;
      /** The fewest messages that one of the readers has handled. */
      readonly least: number;
    }
  /** The numbers of the messages in the order in which each reader handled them. */
  | {
      readonly kind: "report";
      readonly lists: readonly (readonly number[])[];
      readonly complaints: readonly string[];
      /** When connections were open, and when they were cut, in milliseconds since 1970. */
      readonly opens: readonly number[];
      readonly closes: readonly number[];
    };

/** Readers of `tick/shared`, of which each tells how long messages take to its handler. */
export interface WatcherSettings {
  readonly url: string;
  readonly count: number;
}

export type WatcherTold = {
  readonly kind: "measured";
  /** From the publish to the handlers, since this was asked for the last time. */
  readonly delaysMs: readonly number[];
  /** The number of each one's message. */
  readonly numbers: readonly number[];
  /** How many messages the reader with the fewest has handled, in all. */
  readonly least: number;
  readonly reconnects: number;
  /** What came twice, or out of order, or did not come. */
  readonly faults: number;
};

/** Sockets that stop reading; each is subscribed to `tick/shared` and to a channel of its own, `bulk/<index>`. */
export interface SleeperSettings {
  readonly port: number;
  readonly count: number;
}

export type SleeperAsked = "pause" | "resume" | "report";

export type SleeperTold =
  | { readonly kind: "done" }
  | {
      readonly kind: "report";
      /** The last number of each channel, of the socket that is the furthest behind. */
      readonly leastTick: number;
      readonly leastBulk: number;
      readonly gaps: number;
      readonly faults: number;
      readonly closed: number;
    };

/** Tell the test. */
export function tell<Told extends object>(told: Told): void {
  process.send?.(told);
}

/** The settings that the test has given. */
export function settings<Settings>(): Settings {
  return JSON.parse(process.argv[2] ?? "");
}

/** Collects what is told, and tells what a turn of the loop brought together. */
export class Batch<Item> {
  #items: Item[] = [];
  readonly #send: (items: readonly Item[]) => void;

  constructor(send: (items: readonly Item[]) => void) {
    this.#send = send;
  }

  add(item: Item): void {
    if (this.#items.push(item) > 1) return;
    setImmediate(() => {
      const items = this.#items;
      this.#items = [];
      this.#send(items);
    });
  }
}
