import { NO_BYTES } from "./elements.js";

/** Bytes that lie behind each other in memory; they do not change any more. */
export interface Run {
  readonly memory: Uint8Array;
  readonly from: number;
  /** The index behind the last byte. */
  readonly to: number;
}

/** Small runs up to this size together are copied into one piece: that costs less than a vectored write of them. */
const JOINED_BYTES_MAX = 16 * 1024;
/** So many runs of what waits may hold more memory than their own. */
const LOOSE_RUNS_MAX = 16;

/**
 * Frames on their way out, in the order in which they must leave.
 *
 * What is appended behind itself in memory is one run, and no view is made for each frame (64 B, 16 in flight: 0.2 µs less
 * for each message than with an array of views).
 */
export class Frames {
  /** The runs before the last one; made with the second. */
  #runs: Run[] | undefined;
  /** So many of these hold little more memory than their own. */
  #compactCount = 0;
  #memory: Uint8Array = NO_BYTES;
  #from = 0;
  #to = 0;
  #bytesCount = 0;

  /** How many bytes there are. */
  get byteLength(): number {
    return this.#bytesCount;
  }

  /** Append the bytes of `memory` from `from` to before `to`. */
  append(memory: Uint8Array, from: number, to: number): void {
    this.#bytesCount += to - from;
    if (memory === this.#memory && from === this.#to) {
      this.#to = to;
      return;
    }
    if (this.#to > this.#from) (this.#runs ??= []).push(this.#last());
    this.#memory = memory;
    this.#from = from;
    this.#to = to;
  }

  appendAll(runs: readonly Run[]): void {
    for (const { from, memory, to } of runs) this.append(memory, from, to);
  }

  /**
   * Have what waits for a peer that does not read hold little memory beside its own: a frame of a few bytes would keep the
   * whole slab that it was written into. Call it as often as frames come; each byte is copied once at most.
   */
  compact(): void {
    const runs = this.#runs;
    if (runs === undefined || runs.length - this.#compactCount < LOOSE_RUNS_MAX) return;
    const loose = runs.splice(this.#compactCount);
    for (const piece of joined(loose)) {
      // A Buffer's `slice` would be no copy.
      const memory = piece.length * 2 < piece.buffer.byteLength ? Uint8Array.from(piece) : piece;
      runs.push({ memory, from: 0, to: memory.length });
    }
    this.#compactCount = runs.length;
  }

  /** Whether `other` holds the very same memory. */
  equals(other: Frames): boolean {
    return (
      this.#memory === other.#memory &&
      this.#from === other.#from &&
      this.#to === other.#to &&
      areSame(this.#runs, other.#runs)
    );
  }

  /** Hold what `other` holds, which is empty then, and nothing else. */
  takeOver(other: Frames): void {
    this.#runs = other.#runs;
    this.#compactCount = other.#compactCount;
    this.#memory = other.#memory;
    this.#from = other.#from;
    this.#to = other.#to;
    this.#bytesCount = other.#bytesCount;
    other.clear();
  }

  /** Everything as few pieces of memory: small runs are copied together. */
  pieces(): readonly Uint8Array[] {
    return this.#runs === undefined
      ? [view(this.#memory, this.#from, this.#to)]
      : joined([...this.#runs, this.#last()]);
  }

  /** Take everything out. */
  take(): readonly Run[] {
    const runs = this.#runs ?? [];
    if (this.#bytesCount > 0) runs.push(this.#last());
    this.clear();
    return runs;
  }

  clear(): void {
    this.#runs = undefined;
    this.#compactCount = 0;
    this.#memory = NO_BYTES;
    this.#from = 0;
    this.#to = 0;
    this.#bytesCount = 0;
  }

  #last(): Run {
    return { memory: this.#memory, from: this.#from, to: this.#to };
  }
}

/** A view of the run's bytes. */
export function bytesOf({ from, memory, to }: Run): Uint8Array {
  return view(memory, from, to);
}

function view(memory: Uint8Array, from: number, to: number): Uint8Array {
  return from === 0 && to === memory.length ? memory : memory.subarray(from, to);
}

function areSame(one: readonly Run[] | undefined, other: readonly Run[] | undefined): boolean {
  if (one === undefined || other === undefined || one.length !== other.length) return one === other;
  return one.every(({ from, memory, to }, index) => {
    const run = other[index];
    return memory === run?.memory && from === run.from && to === run.to;
  });
}

/** The runs as few pieces of memory: small ones are copied together. */
function joined(runs: readonly Run[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let small: Run[] = [];
  let smallBytes = 0;
  for (const run of runs) {
    const bytes = run.to - run.from;
    if (smallBytes + bytes > JOINED_BYTES_MAX) {
      pieces.push(...copied(small, smallBytes));
      small = [];
      smallBytes = 0;
    }
    small.push(run);
    smallBytes += bytes;
  }
  pieces.push(...copied(small, smallBytes));
  return pieces;
}

/** Runs in one piece; a single one as it is. */
function copied(runs: readonly Run[], bytes: number): Uint8Array[] {
  if (runs.length < 2) return runs.map(bytesOf);
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const run of runs) {
    all.set(bytesOf(run), at);
    at += run.to - run.from;
  }
  return [all];
}
