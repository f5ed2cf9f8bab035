import type { Logger } from "../../kernel/logger.js";
import { whenSettled } from "../../kernel/when-settled.js";
import type { GroupPosition, GroupRecord, GroupStore } from "../../pipeline/group-store.js";
import type { Door } from "./door.js";
import type { Environment, Write } from "./environment.js";
import { isIntact, jsonRecord, readJson } from "./records.js";

export interface LmdbGroupsOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly door: Door;
}

/** Keeps groups in the embedded store. */
export class LmdbGroups implements GroupStore {
  readonly #options: LmdbGroupsOptions;
  /** The last call that changes which groups there are. It never rejects. */
  #lastChange: Promise<void> = Promise.resolve();
  /** The last move; those before it are written before. It never rejects. */
  #lastMove: Promise<void> = Promise.resolve();

  constructor(options: LmdbGroupsOptions) {
    this.#options = options;
  }

  /** Resolves when an fsync has covered it. Rejects with `store/full` or `store/failed`. */
  register(group: GroupRecord): Promise<boolean> {
    return this.#change(async () => {
      const { environment } = this.#options;
      const key = Buffer.from(group.name);
      const known = this.#read<GroupRecord>(key, environment.groups.getBinary(key));
      if (known?.pattern === group.pattern) return true;
      const writes = [...this.#forgetting(group.name), [environment.groups, key, jsonRecord(key, group)]] as const;
      await environment.commit(true, writes);
      return false;
    });
  }

  /** Resolves when an fsync has covered it. Rejects with `store/full` or `store/failed`. */
  forget(name: string): Promise<void> {
    return this.#change(async () => {
      const { environment } = this.#options;
      await environment.commit(true, [...this.#forgetting(name), [environment.groups, Buffer.from(name)]]);
    });
  }

  async groups(): Promise<readonly GroupRecord[]> {
    this.#options.door.assertOpen();
    const groups: GroupRecord[] = [];
    for (const { key, value } of this.#options.environment.groups.getRange()) {
      const group = this.#read<GroupRecord>(key, value);
      if (group !== undefined) groups.push(group);
    }
    return groups;
  }

  async position(name: string, channel: string): Promise<GroupPosition | undefined> {
    this.#options.door.assertOpen();
    const key = positionKey(name, channel);
    return this.#read<GroupPosition>(key, this.#options.environment.groupPositions.getBinary(key));
  }

  async positions(name: string, after: string, max: number): Promise<readonly GroupPosition[]> {
    this.#options.door.assertOpen();
    const positions: GroupPosition[] = [];
    const range = { start: behind(positionKey(name, after)), end: endKey(name) };
    for (const { key, value } of this.#options.environment.groupPositions.getRange(range)) {
      if (positions.length >= max) break;
      const position = this.#read<GroupPosition>(key, value);
      if (position !== undefined) positions.push(position);
    }
    return positions;
  }

  /** Resolves when it is committed. Rejects with `store/full` or `store/failed`. */
  async move(name: string, positions: readonly GroupPosition[]): Promise<void> {
    const { door, environment } = this.#options;
    door.assertOpen();
    const moved = this.#lastChange.then(async () => {
      // Forgotten meanwhile: what it leaves behind would be another group's with its name.
      if (!environment.groups.doesExist(Buffer.from(name))) return;
      await environment.commit(
        false,
        positions.map((position): Write => {
          const key = positionKey(name, position.channel);
          return [environment.groupPositions, key, jsonRecord(key, position)];
        }),
      );
    });
    this.#lastMove = whenSettled(moved);
    return door.doing(moved);
  }

  async channels(after: string, max: number): Promise<readonly string[]> {
    this.#options.door.assertOpen();
    const range = { start: behind(Buffer.from(after)), limit: max };
    return [...this.#options.environment.channels.getKeys(range)].map((key) => key.toString());
  }

  /** Change which groups there are, when all is written that was asked for before. */
  async #change<Value>(work: () => Promise<Value>): Promise<Value> {
    const { door } = this.#options;
    door.assertOpen();
    const moved = this.#lastMove;
    const changed = this.#lastChange.then(() => moved).then(work);
    this.#lastChange = whenSettled(changed);
    return door.doing(changed);
  }

  #forgetting(name: string): Write[] {
    const { groupPositions } = this.#options.environment;
    const range = { start: positionKey(name, ""), end: endKey(name) };
    return [...groupPositions.getKeys(range)].map((key): Write => [groupPositions, key]);
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

function positionKey(name: string, channel: string): Buffer {
  return Buffer.from(name + SEPARATOR + channel);
}

/** The first key behind this one. */
function behind(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])]);
}

/** The key behind all positions of a group. */
function endKey(name: string): Buffer {
  return Buffer.from(`${name}!`);
}
