import { mkdirSync, statSync, type Stats } from "node:fs";
import { join, resolve } from "node:path";
import type { Database, open, RootDatabase } from "lmdb";
import { assert, BusbarError } from "../../kernel/errors.js";
import type { Random } from "../../kernel/random.js";
import { randomHex } from "../../kernel/random-hex.js";
import { OwnerLock, type OwnerRecord } from "./owner-lock.js";
import { isIntact, jsonRecord, readJson } from "./records.js";
import { commitCause, storeError } from "./store-error.js";

/** The form of everything in the folder. Another number is another form. */
const FORMAT = 1;

/** lmdb's own bound, for pages of 4 KiB. */
const KEY_BYTES_MAX = 1978;

const META_KEY = Buffer.from("busbar");
const NUMBERS_KEY = Buffer.from("busbar numbers");

/** Binary keys and values. */
export type Table = Database<Buffer, Buffer>;

interface Meta {
  readonly format: number;
  /** The epoch of every channel: a store that was lost or restored has another. */
  readonly epoch: string;
  /** Which file this is: a copy that was put in its place is another. */
  readonly identity: string;
  readonly owner: string | undefined;
}

/** A record to write, or to remove where there is no value. */
export type Write = readonly [table: Table, key: Buffer, value?: Buffer];

/** What a commit is going to write, and who is told whether it succeeded. */
interface Gathering {
  readonly writes: Write[];
  readonly listeners: ((isCommitted: boolean) => void)[];
}

/** A folder with an LMDB environment in it, which this process owns. */
export class Environment {
  readonly epoch: string;
  /** Channels by name. */
  readonly channels: Table;
  /** Messages by channel and offset. */
  readonly messages: Table;
  /** Offsets by channel, producer and sequence. */
  readonly origins: Table;
  /** Origins by channel and offset, to be forgotten in their order. */
  readonly window: Table;
  /** Members by channel and name. */
  readonly members: Table;
  /** Queued messages by sequence, and their counters. */
  readonly jobs: Table;
  /** What has become of queued messages, by sequence. */
  readonly progress: Table;
  /** The queues' names of dead letters, by sequence. */
  readonly dead: Table;
  /** Dead letters by queue and sequence. */
  readonly deadOf: Table;
  /** Sequences of queued messages, or their ends, by id. */
  readonly jobIds: Table;
  /** Ids of messages that ended, in the order of their ends. */
  readonly ends: Table;
  /** Groups by name. */
  readonly groups: Table;
  /** Where groups stand, by name and channel. */
  readonly groupPositions: Table;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #lock: OwnerLock;
  #nextNumber: number;
  /** Whether the last commit failed. */
  #hasFailed = false;
  /** The commit that is being put together. */
  #gathering: Gathering | undefined;

  private constructor(root: RootDatabase<Buffer, Buffer>, lock: OwnerLock, epoch: string) {
    const table = (name: string): Table => root.openDB({ name, encoding: "binary", keyEncoding: "binary" });
    this.#root = root;
    this.#lock = lock;
    this.epoch = epoch;
    this.channels = table("channels");
    this.messages = table("messages");
    this.origins = table("origins");
    this.window = table("window");
    this.members = table("members");
    this.jobs = table("jobs");
    this.progress = table("progress");
    this.dead = table("dead");
    this.deadOf = table("dead by queue");
    this.jobIds = table("job ids");
    this.ends = table("ends");
    this.groups = table("groups");
    this.groupPositions = table("group positions");
    this.#nextNumber = readNumbers(root);
  }

  /**
   * Open the folder, which is made where there is none.
   *
   * Rejects with `store/lmdb-missing`, `store/unwritable`, `store/format`, `store/in-use` or `store/corrupt`.
   */
  static async open(path: string, random: Random): Promise<Environment> {
    const folder = resolve(path);
    const lmdb = await loadLmdb();
    const root = writable(folder, () => {
      mkdirSync(folder, { recursive: true });
      return lmdb.open<Buffer, Buffer>({
        path: folder,
        maxDbs: 16,
        encoding: "binary",
        keyEncoding: "binary",
        // Each append is a transaction of its own, and its one promise tells what became of it.
        eventTurnBatching: false,
        separateFlushed: true,
      });
    });
    try {
      const before = readMeta(root, folder);
      if (before !== undefined && before.format !== FORMAT) throw formatError(folder, before.format);
      const lock = await OwnerLock.take(folder, ownerRecord(root, folder), randomHex(random, 8));
      try {
        return new Environment(root, lock, settledEpoch({ root, folder, random }));
      } catch (error) {
        await lock.release();
        throw error;
      }
    } catch (error) {
      await root.close();
      throw error instanceof BusbarError ? error : unwritable(folder, error);
    }
  }

  /** A number that stands for a channel in keys and that no other has; `numbersWrite` belongs to its first write. */
  takeNumber(): number {
    return this.#nextNumber++;
  }

  /** Has the numbers that were taken not be given again. */
  get numbersWrite(): Write {
    return [this.#root, NUMBERS_KEY, jsonRecord(NUMBERS_KEY, this.#nextNumber)];
  }

  /**
   * Write all of this and of what `also` adds, or nothing of it; resolves when it is committed, or with `isFlushed` when
   * an fsync has covered it.
   *
   * Rejects with `store/full` or `store/failed`, or with what `also` throws.
   */
  async commit(isFlushed: boolean, writes: readonly Write[], also: () => void = () => {}): Promise<void> {
    const gathering = this.#gather(writes, also);
    try {
      // A write that lmdb refuses would leave those before it to the next commit.
      for (const [, key] of gathering.writes) assert(key.length <= KEY_BYTES_MAX, "a key is as short as lmdb wants it");
      const committed = this.#root.batch(() => put(gathering.writes));
      await committed;
      for (const listener of gathering.listeners.splice(0)) listener(true);
      // That of this batch: the environment's own would wait for whatever was written since, too.
      if (isFlushed && "flushed" in committed) await committed.flushed;
      this.#hasFailed = false;
    } catch (error) {
      for (const listener of gathering.listeners.splice(0)) listener(false);
      this.#hasFailed = true;
      throw storeError(await commitCause(error));
    }
  }

  /** Write this as well: inside of a commit's `also`. `onSettled` is told whether the commit succeeded. */
  add(writes: readonly Write[], onSettled: (isCommitted: boolean) => void): void {
    assert(this.#gathering !== undefined, "a commit is being put together");
    for (const write of writes) this.#gathering.writes.push(write);
    this.#gathering.listeners.push(onSettled);
  }

  #gather(writes: readonly Write[], also: () => void): Gathering {
    const gathering: Gathering = { writes: [...writes], listeners: [] };
    this.#gathering = gathering;
    try {
      also();
      return gathering;
    } finally {
      this.#gathering = undefined;
    }
  }

  async close(): Promise<void> {
    // Behind a commit that failed, lmdb waits for a sync that never comes; there is nothing to wait for, either.
    if (this.#hasFailed) {
      this.#root.close().catch(() => {});
      return this.#lock.stop();
    }
    await this.#lock.release();
    await this.#root.close();
  }
}

function put(writes: readonly Write[]): void {
  for (const [table, key, value] of writes) {
    // Within a batch, lmdb answers each with the same promise, which is fulfilled: the batch's own tells.
    // oxlint-disable-next-line typescript/no-floating-promises -- see above
    if (value === undefined) table.remove(key);
    // oxlint-disable-next-line typescript/no-floating-promises -- see above
    else table.put(key, value);
  }
}

async function loadLmdb(): Promise<{ readonly open: typeof open }> {
  try {
    return await import("lmdb");
  } catch (cause) {
    const message = "the embedded store needs the package lmdb: npm install lmdb, or leave `store` out";
    throw new BusbarError("store/lmdb-missing", message, { cause });
  }
}

function writable<Value>(folder: string, work: () => Value): Value {
  try {
    return work();
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

function unwritable(folder: string, cause: unknown): BusbarError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new BusbarError("store/unwritable", `the store cannot be kept in ${folder}: ${detail}`, { cause });
}

function formatError(folder: string, format: number): BusbarError {
  return new BusbarError(
    "store/format",
    `the store in ${folder} has the format ${format}, and this version of busbar reads ${FORMAT}: use the version that wrote it, or another folder`,
  );
}

function readMeta(root: RootDatabase<Buffer, Buffer>, folder: string): Meta | undefined {
  const record = root.getBinary(META_KEY);
  if (record === undefined) return undefined;
  const meta: unknown = isIntact(META_KEY, record) ? readJson(record) : undefined;
  if (isMeta(meta)) return meta;
  throw new BusbarError("store/corrupt", `the first record of the store in ${folder} is damaged: restore a backup`);
}

function readNumbers(root: RootDatabase<Buffer, Buffer>): number {
  const record = root.getBinary(NUMBERS_KEY);
  if (record === undefined) return 1;
  const next: unknown = isIntact(NUMBERS_KEY, record) ? readJson(record) : undefined;
  if (typeof next === "number") return next;
  throw new BusbarError("store/corrupt", "the record of the channels' numbers is damaged: restore a backup");
}

function isMeta(value: unknown): value is Meta {
  return typeof value === "object" && value !== null && "format" in value && typeof value.format === "number";
}

/** The owner's name in the environment itself, whose write transactions exclude those of other processes. */
function ownerRecord(root: RootDatabase<Buffer, Buffer>, folder: string): OwnerRecord {
  return {
    read: () => readMeta(root, folder)?.owner,
    replace: (expected, next) =>
      root.transactionSync(() => {
        const meta = readMeta(root, folder) ?? { format: FORMAT, epoch: "", identity: "", owner: undefined };
        if (meta.owner !== expected) return false;
        root.putSync(META_KEY, jsonRecord(META_KEY, { ...meta, owner: next }));
        return true;
      }),
  };
}

interface Place {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly folder: string;
  readonly random: Random;
}

/** The store's epoch: a new one for a store that is new, and for one whose file is a copy. */
function settledEpoch({ folder, random, root }: Place): string {
  const identity = identityOf(statSync(join(folder, "data.mdb")));
  return root.transactionSync(() => {
    const meta = readMeta(root, folder);
    if (meta !== undefined && meta.identity === identity && meta.epoch !== "") return meta.epoch;
    const epoch = randomHex(random, 8);
    root.putSync(META_KEY, jsonRecord(META_KEY, { ...meta, format: FORMAT, epoch, identity }));
    return epoch;
  });
}

function identityOf({ birthtimeMs, ino }: Stats): string {
  return `${ino}:${Math.floor(birthtimeMs)}`;
}
