import { Latencies, type LatencySnapshot } from "../kernel/latencies.js";

/** What happened in a queue since the start. */
export type QueueEvent =
  | "accepted"
  | "begun"
  | "retried"
  | "delivered"
  | "dropped"
  | "rejected"
  | "dead"
  | "redriven"
  | "discarded"
  | "late";

export interface QueueFigures {
  /** How often each of these happened since the start; `late`: an outcome came when it did not count any more. */
  readonly counts: Readonly<Record<QueueEvent, number>>;
  /** From being accepted (or due) to the beginning of the first attempt. */
  readonly waiting: LatencySnapshot;
  /** An attempt. */
  readonly processing: LatencySnapshot;
  /** From the end of an attempt until its outcome is in the store. */
  readonly settling: LatencySnapshot;
}

/** Counts what happens in a queue. */
export class QueueMeter {
  readonly waiting: Latencies = new Latencies();
  readonly processing: Latencies = new Latencies();
  readonly settling: Latencies = new Latencies();
  readonly #counts: Record<QueueEvent, number> = {
    accepted: 0,
    begun: 0,
    retried: 0,
    delivered: 0,
    dropped: 0,
    rejected: 0,
    dead: 0,
    redriven: 0,
    discarded: 0,
    late: 0,
  };

  count(event: QueueEvent): void {
    this.#counts[event]++;
  }

  get figures(): QueueFigures {
    return {
      counts: { ...this.#counts },
      waiting: this.waiting.snapshot,
      processing: this.processing.snapshot,
      settling: this.settling.snapshot,
    };
  }
}
