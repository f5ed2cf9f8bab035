/**
 * Items in a binary heap: the first one is at hand, the others are in no order.
 *
 * `push`, `pop` and `removeAt` take O(log n), `first` takes O(1). What the order depends on must not change while an
 * item is in the heap.
 */
export class Heap<Item> {
  #items: Item[] = [];
  readonly #isBefore: (one: Item, other: Item) => boolean;
  readonly #onMove: (item: Item, index: number) => void;

  /** @param onMove told where an item is now, for `removeAt` */
  constructor(isBefore: (one: Item, other: Item) => boolean, onMove: (item: Item, index: number) => void = nothing) {
    this.#isBefore = isBefore;
    this.#onMove = onMove;
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    // Appending to an empty array would reserve room for 17 items, and there can be a heap for every key.
    if (this.#items.length === 0) this.#items = [item];
    else this.#items.push(item);
    this.#rise(this.#items.length - 1, item);
  }

  /** Take the first item out. */
  pop(): Item | undefined {
    return this.removeAt(0);
  }

  /** Take the item at `index` out; undefined where there is none. */
  removeAt(index: number): Item | undefined {
    const removed = this.#items[index];
    if (removed === undefined) return undefined;
    const last = this.#items.pop();
    if (last === undefined || last === removed) return removed;
    // The last one takes the place that is free, and goes from there to where it belongs.
    if (index > 0 && this.#isBefore(last, removed)) this.#rise(index, last);
    else this.#sink(index, last);
    return removed;
  }

  #rise(from: number, item: Item): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#isBefore(item, parent)) break;
      this.#put(index, parent);
      index = above;
    }
    this.#put(index, item);
  }

  #sink(from: number, item: Item): void {
    let index = from;
    for (;;) {
      let below = index * 2 + 1;
      let child = this.#items[below];
      const sibling = this.#items[below + 1];
      if (child === undefined) break;
      if (sibling !== undefined && this.#isBefore(sibling, child)) {
        below++;
        child = sibling;
      }
      if (!this.#isBefore(child, item)) break;
      this.#put(index, child);
      index = below;
    }
    this.#put(index, item);
  }

  #put(index: number, item: Item): void {
    this.#items[index] = item;
    this.#onMove(item, index);
  }
}

function nothing(): void {}
