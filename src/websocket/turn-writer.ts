import type { Turns } from "../kernel/clock.js";
import { Frames } from "../protocol/frames.js";

const NO_PIECES: readonly Uint8Array[] = [];

/** What has something to write when the turn ends. */
export interface Writing {
  write(): void;
}

/**
 * Ends turns for all sockets of a kind: each that has something to write does so once.
 *
 * In a fan-out every socket writes the very same frames: they become pieces once in a turn (fan-out to 1,000 with 8 in
 * flight: 1.39 µs of CPU for a delivery without that, 1.24 with it).
 */
export class TurnWriter {
  readonly #turns: Turns;
  #waiting: Writing[] = [];
  /** What was taken last in this turn. */
  readonly #last = new Frames();
  #lastPieces = NO_PIECES;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Have `writing` write at the end of this turn. */
  later(writing: Writing): void {
    if (this.#waiting.push(writing) === 1) this.#turns.atEndOfTurn(() => this.#run());
  }

  /** The same, before all that wait already. */
  first(writing: Writing): void {
    if (this.#waiting.unshift(writing) === 1) this.#turns.atEndOfTurn(() => this.#run());
  }

  /** Take everything out of `frames`, as few pieces of memory. */
  take(frames: Frames): readonly Uint8Array[] {
    if (frames.equals(this.#last)) {
      frames.clear();
    } else {
      this.#last.takeOver(frames);
      this.#lastPieces = this.#last.pieces();
    }
    return this.#lastPieces;
  }

  /** Should one throw, the others still write, in a turn of their own. */
  #run(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let done = 0;
    try {
      for (const writing of waiting) {
        done++;
        writing.write();
      }
    } finally {
      this.#last.clear();
      this.#lastPieces = NO_PIECES;
      for (const writing of waiting.slice(done)) this.later(writing);
    }
  }
}
