import type { Clock } from "../../kernel/clock.js";
import type { Environment, Write } from "./environment.js";
import { readEnd, type EndedRecord, type EndRecord } from "./job-records.js";
import type { OriginLimits } from "./origin-limits.js";
import { jsonRecord, sequenceKey, sequenceOf } from "./records.js";

/** So many ids are forgotten with one call beside those that ended, so that no call takes long. */
const FORGOTTEN_PER_CALL = 64;

export interface EndedIdsOptions {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly limits: OriginLimits;
  /** When the newest job ended whose id is not remembered any more. */
  readonly forgottenAt: number;
  /** A record is damaged. */
  readonly report: (what: string, which: number) => void;
}

/** A job that ended. */
export interface EndedJob {
  readonly id: string;
  readonly ended: EndedRecord;
}

/** What a commit is going to change. */
export interface EndChange {
  readonly writes: readonly Write[];
  /** To be called when the commit failed. */
  readonly undo: () => void;
}

/** The ids of jobs that ended: remembered in the order of their ends, for as long as the idempotence window. */
export class EndedIds {
  readonly #options: EndedIdsOptions;
  /** No end has a smaller number. */
  #first: number;
  /** The number of the end that comes next. */
  #next: number;
  #count: number;
  #forgottenAt: number;

  constructor(options: EndedIdsOptions) {
    const { ends } = options.environment;
    const [oldest] = ends.getKeys({ limit: 1 });
    const [newest] = ends.getKeys({ reverse: true, limit: 1 });
    this.#options = options;
    this.#first = oldest === undefined ? 1 : sequenceOf(oldest);
    this.#next = newest === undefined ? 1 : sequenceOf(newest) + 1;
    this.#count = ends.getKeysCount();
    this.#forgottenAt = options.forgottenAt;
  }

  /** When the newest job ended whose id is not remembered any more, in milliseconds since 1970 UTC. */
  get forgottenAt(): number {
    return this.#forgottenAt;
  }

  /** Remember these, and forget some of what is out of the window. */
  change(jobs: readonly EndedJob[]): EndChange {
    const { clock, environment } = this.#options;
    const writes: Write[] = [];
    const at = clock.wallTimeMs();
    for (const { ended, id } of jobs) {
      const idKey = Buffer.from(id);
      const endKey = sequenceKey(this.#next++);
      const end: EndRecord = { id, at };
      writes.push(
        [environment.jobIds, idKey, jsonRecord(idKey, ended)],
        [environment.ends, endKey, jsonRecord(endKey, end)],
      );
    }
    this.#count += jobs.length;
    const firstBefore = this.#first;
    const forgottenCount = this.#forget(writes, jobs.length + FORGOTTEN_PER_CALL);
    const undo = (): void => {
      this.#count += forgottenCount - jobs.length;
      this.#first = Math.min(this.#first, firstBefore);
    };
    return { writes, undo };
  }

  #forget(writes: Write[], steps: number): number {
    const { clock, environment, limits, report } = this.#options;
    const before = clock.wallTimeMs() - limits.windowMs;
    let count = 0;
    for (const { key, value } of environment.ends.getRange({ start: sequenceKey(this.#first), limit: steps })) {
      const end = readEnd(key, value);
      if (end !== undefined && end.at >= before && this.#count <= limits.windowMessagesMax) break;
      this.#first = sequenceOf(key) + 1;
      this.#count--;
      count++;
      writes.push([environment.ends, key]);
      if (end !== undefined) {
        writes.push([environment.jobIds, Buffer.from(end.id)]);
        // The clock can have gone back.
        this.#forgottenAt = Math.max(this.#forgottenAt, end.at);
      } else report("an ended message", sequenceOf(key));
    }
    return count;
  }
}
