/** The size of one slab in bytes. */
const SLAB_BYTES = 64 * 1024;
/** Larger pieces get memory of their own, so that a slab is never held by one of them. */
export const SLAB_PIECE_BYTES_MAX: number = 8 * 1024;

/**
 * Memory that pieces are written into one behind the other, so that a run of frames leaves as one piece.
 *
 * No byte is used twice: a slab's memory goes when the last of what was written into it goes.
 */
export class ByteSlab {
  #memory = new Uint8Array(SLAB_BYTES);
  #taken = 0;

  /** What is written into, from the index that `room` gives. */
  get memory(): Uint8Array {
    return this.#memory;
  }

  /** Make room for `size` bytes, at most `SLAB_PIECE_BYTES_MAX`; the index at which they begin. Their content is not defined. */
  room(size: number): number {
    if (this.#taken + size > SLAB_BYTES) {
      this.#memory = new Uint8Array(SLAB_BYTES);
      this.#taken = 0;
    }
    return this.#taken;
  }

  /** Take what was written, to before `end`. */
  take(end: number): void {
    this.#taken = end;
  }
}
