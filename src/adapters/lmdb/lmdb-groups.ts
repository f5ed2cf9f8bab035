import type { Logger } from "../../kernel/logger.js";
import type { GroupPosition, GroupRecord, GroupStore } from "../../pipeline/group-store.js";
import type { Environment, Write } from "./environment.js";
import { isIntact, jsonRecord, readJson } from "./records.js";

export interface LmdbGroupsOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  /** A write is under way: the store is closed behind it. */
  readonly doing: <Value>(work: Promise<Value>) => Promise<Value>;
}

/** Keeps groups in the embedded store. */
export class LmdbGroups implements GroupStore {
  readonly #options: LmdbGroupsOptions;

  constructor(options: LmdbGroupsOptions) {
    this.#options = options;
  }

  async register(group: GroupRecord): Promise<boolean> {
    const { environment } = this.#options;
    const key = Buffer.from(group.name);
    const known = this.#read<GroupRecord>(key, environment.groups.getBinary(key));
    if (known?.pattern === group.pattern) return true;
    await this.#write(true, [...this.#forgetting(group.name), [environment.groups, key, jsonRecord(key, group)]]);
    return false;
  }

  forget(name: string): Promise<void> {
    const { environment } = this.#options;
    return this.#write(true, [...this.#forgetting(name), [environment.groups, Buffer.from(name)]]);
  }

  async groups(): Promise<readonly GroupRecord[]> {
    const groups: GroupRecord[] = [];
    for (const { key, value } of this.#options.environment.groups.getRange()) {
      const group = this.#read<GroupRecord>(key, value);
      if (group !== undefined) groups.push(group);
    }
    return groups;
  }

  async position(name: string, channel: string): Promise<GroupPosition | undefined> {
    const key = positionKey(name, channel);
    return this.#read<GroupPosition>(key, this.#options.environment.groupPositions.getBinary(key));
  }

  async positions(name: string, after: string, max: number): Promise<readonly GroupPosition[]> {
    const positions: GroupPosition[] = [];
    const start = after === "" ? positionKey(name, "") : Buffer.concat([positionKey(name, after), END]);
    for (const { key, value } of this.#options.environment.groupPositions.getRange({ start, end: endKey(name) })) {
      const position = this.#read<GroupPosition>(key, value);
      if (position !== undefined) positions.push(position);
      if (positions.length === max) break;
    }
    return positions;
  }

  move(name: string, positions: readonly GroupPosition[]): Promise<void> {
    const { environment } = this.#options;
    const writes = positions.map((position): Write => {
      const key = positionKey(name, position.channel);
      return [environment.groupPositions, key, jsonRecord(key, position)];
    });
    return this.#write(false, writes);
  }

  async channels(after: string, max: number): Promise<readonly string[]> {
    const start = after === "" ? Buffer.alloc(0) : Buffer.concat([Buffer.from(after), END]);
    const range = after === "" ? { limit: max } : { start, limit: max };
    return [...this.#options.environment.channels.getKeys(range)].map((key) => key.toString());
  }

  #forgetting(name: string): Write[] {
    const { groupPositions } = this.#options.environment;
    const range = { start: positionKey(name, ""), end: endKey(name) };
    return [...groupPositions.getKeys(range)].map((key): Write => [groupPositions, key]);
  }

  #write(isFlushed: boolean, writes: readonly Write[]): Promise<void> {
    return this.#options.doing(this.#options.environment.commit(isFlushed, writes));
  }

  /** What a record of ours says; undefined where there is none, or where it is damaged. */
  #read<Value>(key: Buffer, record: Buffer | undefined): Value | undefined {
    if (record === undefined) return undefined;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its checksum says that it is as it was written
    if (isIntact(key, record)) return readJson(record) as Value;
    this.#options.logger.error("store/corrupt", { what: "a group", which: key.toString() });
    return undefined;
  }
}

/** A group's name has no blank, nor has a channel's. */
const SEPARATOR = " ";

/** Stands right behind a key that it is put to the end of. */
const END = Buffer.from([0]);

function positionKey(name: string, channel: string): Buffer {
  return Buffer.from(name + SEPARATOR + channel);
}

/** The key behind all positions of a group. */
function endKey(name: string): Buffer {
  return Buffer.from(`${name}!`);
}
