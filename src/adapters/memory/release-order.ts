/** An item's place in the order. */
interface Link<Item> {
  readonly item: Item;
  before: Link<Item> | undefined;
  after: Link<Item> | undefined;
}

/**
 * Items by name, in the order they were added; the oldest, or any one by its name, is taken out in constant time.
 *
 * A map by itself keeps its order too, but finds its oldest entry in the time that it takes to pass all deleted ones.
 */
export class ReleaseOrder<Item> {
  readonly #links = new Map<string, Link<Item>>();
  #oldest: Link<Item> | undefined;
  #newest: Link<Item> | undefined;
  readonly #nameOf: (item: Item) => string;

  constructor(nameOf: (item: Item) => string) {
    this.#nameOf = nameOf;
  }

  get size(): number {
    return this.#links.size;
  }

  /** Add an item, whose name none of the others has, as the newest. */
  add(item: Item): void {
    const link: Link<Item> = { item, before: this.#newest, after: undefined };
    if (this.#newest === undefined) this.#oldest = link;
    else this.#newest.after = link;
    this.#newest = link;
    this.#links.set(this.#nameOf(item), link);
  }

  take(name: string): Item | undefined {
    const link = this.#links.get(name);
    if (link === undefined) return undefined;
    this.#links.delete(name);
    if (link.before === undefined) this.#oldest = link.after;
    else link.before.after = link.after;
    if (link.after === undefined) this.#newest = link.before;
    else link.after.before = link.before;
    return link.item;
  }

  /** All of them, in no order. */
  *values(): Generator<Item> {
    for (const { item } of this.#links.values()) yield item;
  }

  takeOldest(): Item | undefined {
    return this.#oldest && this.take(this.#nameOf(this.#oldest.item));
  }

  clear(): void {
    this.#links.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
  }
}
