import type { GroupPosition, GroupRecord, GroupStore } from "../../pipeline/group-store.js";

interface Group {
  readonly record: GroupRecord;
  readonly positions: Map<string, GroupPosition>;
}

/** Keeps groups in this process's memory. */
export class MemoryGroups implements GroupStore {
  readonly #groups = new Map<string, Group>();
  readonly #channelNames: () => Iterable<string>;

  /** @param channelNames the channels whose logs hold something */
  constructor(channelNames: () => Iterable<string>) {
    this.#channelNames = channelNames;
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
    for (const position of positions) group?.positions.set(position.channel, position);
  }

  async channels(after: string, max: number): Promise<readonly string[]> {
    return [...this.#channelNames()]
      .toSorted()
      .filter((channel) => channel > after)
      .slice(0, max);
  }
}
