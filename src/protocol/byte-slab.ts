/** The size of one slab in bytes. */
const SLAB_BYTES = 64 * 1024;
/** Larger pieces get memory of their own, so that a slab is never held by one of them. */
const SLAB_PIECE_BYTES_MAX = 8 * 1024;

/**
 * Hands out pieces of larger allocations, one behind the other.
 *
 * Pieces that are taken in a row lie next to each other, so that a run of frames leaves as one piece. A piece is
 * never handed out twice: a slab's memory goes when the last piece of it goes.
 */
export class ByteSlab {
  #slab = new Uint8Array(SLAB_BYTES);
  #taken = 0;

  /** A piece of `size` bytes; its content is not defined. */
  take(size: number): Uint8Array {
    if (size > SLAB_PIECE_BYTES_MAX) return new Uint8Array(size);
    if (this.#taken + size > SLAB_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#taken = 0;
    }
    const start = this.#taken;
    this.#taken += size;
    return this.#slab.subarray(start, this.#taken);
  }
}
