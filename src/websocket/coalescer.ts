import type { Turns } from "../kernel/clock.js";

/** Runs of small pieces up to this size leave as one piece: copying them costs less than a vectored write. */
const COALESCED_BYTES_MAX = 16 * 1024;
const NO_BYTES = new Uint8Array(0);

type Pieces = readonly Uint8Array[];

/**
 * Makes few pieces of many: what lies in a row in memory is one piece already, and small ones are copied together.
 *
 * In a fan-out every socket writes the very same pieces: they are put together once in a turn (fan-out to 1,000 with 8
 * in flight: 1.39 µs of CPU for a delivery without that, 1.24 with it).
 */
export class Coalescer {
  readonly #turns: Turns;
  #last: { readonly pieces: Pieces; readonly coalesced: Pieces } | undefined;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** `pieces` must not change any more. */
  coalesce(pieces: Pieces): Pieces {
    if (pieces.length < 2) return pieces;
    if (this.#last === undefined) this.#turns.atEndOfTurn(() => (this.#last = undefined));
    else if (areSame(this.#last.pieces, pieces)) return this.#last.coalesced;
    const coalesced = joinedRuns(pieces);
    this.#last = { pieces, coalesced };
    return coalesced;
  }
}

function areSame(one: Pieces, other: Pieces): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

function joinedRuns(pieces: Pieces): Pieces {
  const coalesced: Uint8Array[] = [];
  let run: Uint8Array[] = [];
  let runBytes = 0;
  for (const row of rowsOf(pieces)) {
    if (runBytes + row.length > COALESCED_BYTES_MAX) {
      coalesced.push(...joined(run, runBytes));
      run = [];
      runBytes = 0;
    }
    run.push(row);
    runBytes += row.length;
  }
  coalesced.push(...joined(run, runBytes));
  return coalesced;
}

/** The pieces, those that lie behind each other in one buffer as one. */
function rowsOf(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const rows: Uint8Array[] = [];
  let row: Uint8Array = NO_BYTES;
  let bytes = 0;
  for (const piece of pieces) {
    if (piece.buffer === row.buffer && piece.byteOffset === row.byteOffset + bytes) {
      bytes += piece.length;
      continue;
    }
    if (bytes > 0) rows.push(extended(row, bytes));
    row = piece;
    bytes = piece.length;
  }
  rows.push(extended(row, bytes));
  return rows;
}

function extended(row: Uint8Array, bytes: number): Uint8Array {
  return row.length === bytes ? row : new Uint8Array(row.buffer, row.byteOffset, bytes);
}

function joined(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  if (pieces.length < 2) return pieces;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return [all];
}
