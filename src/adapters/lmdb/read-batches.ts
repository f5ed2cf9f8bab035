import type { Message } from "../../hub/store.js";
import type { Clock, Timer } from "../../kernel/clock.js";

/** What a message takes in memory beside its text, roughly. */
const MESSAGE_OVERHEAD_BYTES = 128;

/** So many batches are looked through for each read. */
const BATCHES_MAX = 64;

/** Who comes back together reads within a second: then all is forgotten, and read anew where somebody still wants it. */
const KEPT_MS = 1000;

/** Messages that were read and decoded together, without a gap between them. */
export interface ReadBatch {
  /** Stands for the channel; no other has it. */
  readonly channelNumber: number;
  readonly messages: readonly Message[];
  /** The limits that it was read with: a part of it is within the same. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** The log's last offset that could be read then. Where the batch ends with it, it may be longer by now. */
  readonly until: number;
  /** The records' size. */
  readonly bytes: number;
}

export type BatchWanted = Pick<ReadBatch, "channelNumber" | "messagesMax" | "bytesMax" | "until"> & {
  /** The offset to begin with. */
  readonly first: number;
};

/**
 * What was read lately: readers who come back together read the same messages from about the same place. They share one
 * read, one decoding and, as the messages are the same objects, one encoding.
 *
 * A message never changes under its channel's number and its offset. Whether it may still be read is the log's business.
 */
export class ReadBatches {
  readonly #bytesMax: number;
  readonly #clock: Clock;
  #batches: ReadBatch[] = [];
  #bytes = 0;
  #forgetting: Timer | undefined;

  constructor(bytesMax: number, clock: Clock) {
    this.#bytesMax = bytesMax;
    this.#clock = clock;
  }

  /** The messages of a batch from `first` on, where there is one that holds all that would be read there; else undefined. */
  find(wanted: BatchWanted): readonly Message[] | undefined {
    for (const batch of this.#batches) {
      const from = indexIn(batch, wanted);
      if (from !== undefined) return from === 0 ? batch.messages : batch.messages.slice(from);
    }
    return undefined;
  }

  /** Keep a batch, and let go of the oldest that there is no room for. */
  add(batch: ReadBatch): void {
    this.#batches.push(batch);
    this.#bytes += costOf(batch);
    while (this.#bytes > this.#bytesMax || this.#batches.length > BATCHES_MAX) this.#dropOldest();
    this.#forgetting ??= this.#clock.schedule(KEPT_MS, () => this.forget());
  }

  forget(): void {
    this.#forgetting?.cancel();
    this.#forgetting = undefined;
    this.#batches = [];
    this.#bytes = 0;
  }

  #dropOldest(): void {
    const oldest = this.#batches.shift();
    if (oldest !== undefined) this.#bytes -= costOf(oldest);
  }
}

/** Where in the batch what is wanted begins; undefined where this is not the batch. */
function indexIn(
  batch: ReadBatch,
  { bytesMax, channelNumber, first, messagesMax, until }: BatchWanted,
): number | undefined {
  if (batch.channelNumber !== channelNumber) return undefined;
  if (batch.messagesMax !== messagesMax || batch.bytesMax !== bytesMax) return undefined;
  const { messages } = batch;
  const begin = messages[0]?.offset ?? Infinity;
  const end = begin + messages.length - 1;
  if (first < begin || first > end || end > until) return undefined;
  // What ended with the log, and not with a limit, is read anew when the log is longer.
  return end === batch.until && until > batch.until ? undefined : first - begin;
}

function costOf({ bytes, messages }: ReadBatch): number {
  return bytes + messages.length * MESSAGE_OVERHEAD_BYTES;
}
