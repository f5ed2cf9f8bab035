import type { ChannelMatch } from "../contract/contract.js";
import type { Job } from "./job-store.js";

/** What is known of a message besides what the store keeps of it. */
export interface Known<Principal> {
  readonly match: ChannelMatch;
  /** What was published. */
  readonly data: unknown;
  /** What the contract's schema made of it. */
  readonly message: unknown;
  readonly principal: Principal;
}

/** A job for its first attempt. */
export interface FreshJob<Principal> extends Known<Principal> {
  readonly job: Job;
}

/**
 * Jobs that were just accepted, so that most of them need not be read again for their first attempt: about 15 µs less
 * for each. It is bounded by the bytes of their messages; what does not fit is read from the store.
 */
export class FreshJobs<Principal> {
  readonly #jobs = new Map<number, FreshJob<Principal>>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(job: Job, known: Known<Principal>): void {
    if (this.#bytes + job.bytes > this.#bytesMax) return;
    this.#bytes += job.bytes;
    this.#jobs.set(job.sequence, { ...known, job });
  }

  /** A job that is here, once. */
  take(sequence: number): FreshJob<Principal> | undefined {
    const fresh = this.#jobs.get(sequence);
    if (fresh === undefined) return undefined;
    this.#jobs.delete(sequence);
    this.#bytes -= fresh.job.bytes;
    return fresh;
  }
}
