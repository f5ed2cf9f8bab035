/** An item's place in a chain, from `append` until `remove`. Only its chain changes it. */
export class Link<Item> {
  readonly item: Item;
  before: Link<Item> | undefined;
  after: Link<Item> | undefined;

  constructor(item: Item) {
    this.item = item;
  }
}

/** Items in the order in which they were appended; any of them can leave. Every call takes O(1). */
export class Chain<Item> {
  #first: Link<Item> | undefined;
  #last: Link<Item> | undefined;

  /** The one that has been in the chain for longest. */
  get first(): Item | undefined {
    return this.#first?.item;
  }

  append(item: Item): Link<Item> {
    const link = new Link(item);
    link.before = this.#last;
    if (this.#last === undefined) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    return link;
  }

  /** Take an item out. Once. */
  remove({ after, before }: Link<Item>): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
  }
}
