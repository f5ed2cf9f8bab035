import type { Clock } from "../kernel/clock.js";
import { optionalDeferred, optionalRejection, type Deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import type { Random } from "../kernel/random.js";
import { requireMessage } from "./message-check.js";
import type { NotSent } from "./outbox.js";

/** How many pings can wait for their pongs. */
const PINGS_WAITING_MAX = 64;
const PAYLOAD_BYTES = 8;

export interface PingsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Brings a ping on its way; throws when it cannot be sent. */
  sendPing(payload: Uint8Array): void;
}

interface WaitingPing {
  readonly sentMs: number;
  readonly settle: Deferred<number>;
}

/** Matches pongs with the pings that they answer. */
export class Pings {
  readonly #options: PingsOptions;
  /** By payload, in the order of their sending. */
  #waiting: Map<string, WaitingPing> | undefined;

  constructor(options: PingsOptions) {
    this.#options = options;
  }

  /**
   * Send a ping; resolves with the round trip in milliseconds, for pings of the same payload together.
   *
   * Rejects with what `send` throws, with `websocket/too-many-pings`, or with what the connection ended with.
   */
  ping(payload: Uint8Array = this.#randomPayload()): Promise<number> {
    requireMessage(payload);
    const key = keyOf(payload);
    const waiting = (this.#waiting ??= new Map<string, WaitingPing>());
    const same = waiting.get(key);
    if (same !== undefined) return same.settle.promise;
    if (waiting.size === PINGS_WAITING_MAX) {
      const message = `${PINGS_WAITING_MAX} pings wait for their pongs already`;
      return optionalRejection(new BusbarError("websocket/too-many-pings", message, { retryable: true }));
    }
    try {
      this.#options.sendPing(payload);
    } catch (error) {
      return optionalRejection(error);
    }
    const settle = optionalDeferred<number>();
    waiting.set(key, { sentMs: this.#options.clock.now(), settle });
    return settle.promise;
  }

  /** Take a pong; it answers the pings before its own, too, for a peer may answer the last one only (RFC 6455, 5.5.3). */
  pong(payload: Uint8Array): void {
    const key = keyOf(payload);
    const waiting = this.#waiting;
    if (waiting?.has(key) !== true) return;
    const now = this.#options.clock.now();
    for (const [waitingKey, { sentMs, settle }] of waiting) {
      settle.resolve(now - sentMs);
      waiting.delete(waitingKey);
      if (waitingKey === key) break;
    }
    if (waiting.size === 0) this.#waiting = undefined;
  }

  /** Reject what waits: no pong will come. */
  end(failure: NotSent): void {
    for (const { settle } of this.#waiting?.values() ?? []) settle.reject(failure());
    this.#waiting = undefined;
  }

  #randomPayload(): Uint8Array {
    const payload = new Uint8Array(PAYLOAD_BYTES);
    this.#options.random.fill(payload);
    return payload;
  }
}

function keyOf(payload: Uint8Array): string {
  let key = "";
  for (const byte of payload) key += String.fromCharCode(byte);
  return key;
}
