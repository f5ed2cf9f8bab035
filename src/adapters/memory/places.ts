/** Gone places are taken out when there are more of them than these, and than of the others. */
const GONE_MIN = 64;

/**
 * Whole numbers in ascending order, which mostly come in it and go in any.
 *
 * Adding the highest, removing and finding one take constant or logarithmic time, amortised; another one that is added
 * moves those behind it.
 */
export class Places {
  /** Ascending; with those that are gone. */
  #all: number[] = [];
  readonly #here = new Set<number>();

  add(place: number): void {
    this.#here.add(place);
    const index = this.#indexOf(place);
    if (this.#all[index] !== place) this.#all.splice(index, 0, place);
  }

  remove(place: number): void {
    this.#here.delete(place);
    const goneCount = this.#all.length - this.#here.size;
    if (goneCount > GONE_MIN && goneCount > this.#here.size) this.#all = this.#all.filter((one) => this.#here.has(one));
  }

  /** Those behind `after`, in their order. */
  *behind(after: number): Generator<number> {
    for (let index = this.#indexOf(after + 1); index < this.#all.length; index++) {
      const place = this.#all[index];
      if (place !== undefined && this.#here.has(place)) yield place;
    }
  }

  /** Where the first one stands that is not below this. */
  #indexOf(place: number): number {
    let low = 0;
    let high = this.#all.length;
    const last = this.#all.at(-1);
    if (last === undefined || last < place) return high;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#all[middle] ?? Infinity) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
