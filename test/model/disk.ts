import { MemoryStore } from "../../src/adapters/memory/memory-store.js";
import type { Appended, Draft, LogOptions, Message, OpenedLog, Origin, ReadRange, Store } from "../../src/hub/store.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import type { VirtualClock } from "../../src/testing/virtual-clock.js";
import { BACKUP, type Ledger } from "./ledger.js";

/** What becomes of an append: written and said so; refused; written, wholly or half, and the answer lost. */
export type Fate = "kept" | "refused" | "written" | "half";

/** When a call takes effect and is answered: at once; both later; at once and answered later. */
export type Pace = "fast" | "slow" | "late";

/** What outlives a hub: the logs, and the faults that wait for whoever calls next. */
export class Disk {
  readonly options: LogOptions;
  readonly ledger: Ledger;
  readonly #clock: VirtualClock;
  memory: MemoryStore;
  /** The epoch of the log as it was opened last. */
  epoch = "";
  #generation = 0;
  readonly fates: Fate[] = [];
  failingReads = 0;
  failingOpens = 0;
  /** The logs were lost, and the log was not opened since. */
  isLossUnknown = false;

  constructor(options: LogOptions, ledger: Ledger, clock: VirtualClock) {
    this.options = options;
    this.ledger = ledger;
    this.#clock = clock;
    this.memory = this.#fresh();
  }

  /** Lose everything; a backup brings the first messages of the last epoch back, in a new one. */
  async lose(channel: string, restored: number): Promise<void> {
    const payloads = this.ledger.firstOf(this.epoch, restored);
    const memory = this.#fresh();
    if (payloads.length > 0) {
      const { epoch } = await memory.open(channel, this.options);
      const at = this.#clock.wallTimeMs();
      const drafts = payloads.map((payload): Draft => ({ payload, from: BACKUP, at, origin: undefined }));
      noteAppended(this.ledger, epoch, drafts, await memory.append(channel, drafts));
      await memory.release(channel);
    }
    this.memory = memory;
    this.isLossUnknown = true;
  }

  heal(): void {
    this.fates.length = 0;
    this.failingReads = 0;
    this.failingOpens = 0;
  }

  #fresh(): MemoryStore {
    return new MemoryStore({ clock: this.#clock, random: new SeededRandom(++this.#generation) });
  }
}

function noteAppended(ledger: Ledger, epoch: string, drafts: readonly Draft[], outcomes: readonly Appended[]): void {
  for (const [index, outcome] of outcomes.entries()) {
    const draft = drafts[index];
    if (outcome.kind === "appended" && draft !== undefined) ledger.add(epoch, outcome.message, draft);
  }
}

/** One call that has not been answered yet. */
interface Call {
  readonly go: () => void;
  readonly hasEffect: boolean;
}

/**
 * The store as one hub sees it: as slow and as faulty as the model wants. Calls take effect, and are answered, in their
 * order. When the hub's process dies, none is answered any more.
 */
export class DiskStore implements Store {
  readonly #disk: Disk;
  readonly #calls: Call[] = [];
  #openIn: MemoryStore | undefined;
  #isDead = false;
  pace: Pace = "fast";
  /** Grows with each call and answer: as long as it does, something goes on. */
  activity = 0;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get waiting(): number {
    return this.#calls.length;
  }

  /** Let so many of the waiting calls go on. */
  run(count: number): void {
    for (const call of this.#calls.splice(0, count)) call.go();
  }

  /** The process dies: the first of the waiting calls still take effect. */
  async die(channel: string, stillDone: number): Promise<void> {
    this.#isDead = true;
    this.run(stillDone);
    this.#calls.length = 0;
    const memory = this.#openIn;
    this.#openIn = undefined;
    await memory?.release(channel);
  }

  open(channel: string, options: LogOptions): Promise<OpenedLog> {
    const disk = this.#disk;
    const work = async (): Promise<OpenedLog> => {
      if (disk.failingOpens > 0) {
        disk.failingOpens--;
        throw new Error("cannot be opened");
      }
      const { memory } = disk;
      const opening = memory.open(channel, options);
      this.#openIn = memory;
      const opened = await opening;
      disk.epoch = opened.epoch;
      disk.isLossUnknown = false;
      return opened;
    };
    return this.#call(work, ({ epoch, head }) => disk.ledger.tell(epoch, head));
  }

  append(channel: string, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    const disk = this.#disk;
    let epoch = "";
    const work = async (): Promise<readonly Appended[]> => {
      const fate = disk.fates.shift() ?? "kept";
      if (fate === "refused") throw new Error("refused");
      const written = fate === "half" ? drafts.slice(0, Math.floor(drafts.length / 2)) : drafts;
      epoch = disk.epoch;
      const outcomes = await disk.memory.append(channel, written);
      noteAppended(disk.ledger, epoch, written, outcomes);
      if (fate !== "kept") throw new Error("the answer is lost");
      return outcomes;
    };
    return this.#call(work, (outcomes) => {
      for (const outcome of outcomes) if (outcome.kind === "appended") disk.ledger.tell(epoch, outcome.message.offset);
    });
  }

  read(channel: string, range: ReadRange): Promise<readonly Message[]> {
    return this.#call(async () => {
      if (this.#disk.failingReads > 0) {
        this.#disk.failingReads--;
        throw new Error("cannot be read");
      }
      return this.#disk.memory.read(channel, range);
    });
  }

  find(channel: string, origin: Pick<Origin, "producer" | "sequence">): Promise<number | undefined> {
    return this.#call(() => this.#disk.memory.find(channel, origin));
  }

  present(channel: string): Promise<void> {
    return this.#call(() => this.#disk.memory.present(channel));
  }

  release(channel: string): Promise<void> {
    return this.#call(() => {
      const releasing = this.#disk.memory.release(channel);
      this.#openIn = undefined;
      return releasing;
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #call<Value>(work: () => Promise<Value>, onAnswer: (value: Value) => void = () => {}): Promise<Value> {
    this.activity++;
    return new Promise((resolve, reject) => {
      const answer = (value: Value): void => {
        if (this.#isDead) return;
        this.activity++;
        onAnswer(value);
        resolve(value);
      };
      const refuse = (cause: unknown): void => {
        this.activity++;
        if (!this.#isDead) reject(cause);
      };
      if (this.#isDead) return;
      const waitsForOthers = this.#calls.some(({ hasEffect }) => !hasEffect);
      if (this.pace === "slow" || waitsForOthers || (this.pace === "fast" && this.#calls.length > 0)) {
        this.#calls.push({ go: () => void work().then(answer, refuse), hasEffect: false });
      } else if (this.pace === "fast") {
        work().then(answer, refuse);
      } else {
        const working = work();
        // The answer is known now; it is on its way until somebody lets it arrive.
        working.catch(() => {});
        this.#calls.push({ go: () => void working.then(answer, refuse), hasEffect: true });
      }
    });
  }
}
