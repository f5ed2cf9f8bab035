/** What the programs and the test tell each other. */
import type { Acknowledgement, Handling, Position } from "./witness.js";

export interface ServerSettings {
  /** 0: a free one. */
  readonly port: number;
  /** A folder; without it everything stays in memory. */
  readonly store?: string;
}

export interface ServerTold {
  readonly port: number;
}

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

/** Tell the test. */
export function tell<Told extends object>(told: Told): void {
  process.send?.(told);
}

/** The settings that the test has given. */
export function settings<Settings>(): Settings {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test that starts the program has written them
  return JSON.parse(process.argv[2] ?? "") as Settings;
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
