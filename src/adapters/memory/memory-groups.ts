import type { GroupPosition, GroupRecord, GroupStore } from "../../pipeline/group-store.js";

interface Group {
  readonly record: GroupRecord;
  readonly positions: Map<string, GroupPosition>;
}

/** Keeps groups in this process's memory. */
export class MemoryGroups implements GroupStore {
  readonly #groups = new Map<string, Group>();
  readonly #channelNames: () => Iterable<string>;
  /** Those that are being paged through, in their order. */
  #paged: readonly string[] | undefined;
  readonly #positionsMax: number;

  /**
   * @param channelNames the channels whose logs hold something
   * @param positionsMax so many positions are kept of each group: as many as there can be logs
   */
  constructor(channelNames: () => Iterable<string>, positionsMax: number) {
    this.#channelNames = channelNames;
    this.#positionsMax = positionsMax;
  }

  async register(group: GroupRecord): Promise<boolean> {
    if (this.#groups.get(group.name)?.record.pattern === group.pattern) return true;
    this.#groups.set(group.name, { record: group, positions: new Map() });
    return false;
  }

  async forget(name: string): Promise<void> {
    this.#groups.delete(name);
  }

  async groups(): Promise<readonly GroupRecord[]> {
    return Array.from(this.#groups.values(), ({ record }) => record);
  }

  async position(name: string, channel: string): Promise<GroupPosition | undefined> {
    return this.#groups.get(name)?.positions.get(channel);
  }

  async positions(name: string, after: string, max: number): Promise<readonly GroupPosition[]> {
    const all = [...(this.#groups.get(name)?.positions.values() ?? [])];
    const sorted = all.toSorted((one, other) => (one.channel < other.channel ? -1 : 1));
    return sorted.filter(({ channel }) => channel > after).slice(0, max);
  }

  async move(name: string, positions: readonly GroupPosition[]): Promise<void> {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    for (const position of positions) {
      // To the end: what was moved longest ago stands first, and its log is gone where there are too many.
      group.positions.delete(position.channel);
      group.positions.set(position.channel, position);
    }
    for (const channel of group.positions.keys()) {
      if (group.positions.size <= this.#positionsMax) break;
      group.positions.delete(channel);
    }
  }

  /** The names as they were when the first of them were asked for: they are put in order once. */
  async channels(after: string, max: number): Promise<readonly string[]> {
    if (after === "" || this.#paged === undefined) this.#paged = [...this.#channelNames()].toSorted();
    const from = firstBehind(this.#paged, after);
    const page = this.#paged.slice(from, from + max);
    if (page.length === 0) this.#paged = undefined;
    return page;
  }
}

/** The index of the first name behind this one. */
function firstBehind(names: readonly string[], after: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((names[middle] ?? "") <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
