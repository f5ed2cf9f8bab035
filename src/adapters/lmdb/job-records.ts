import { readJson, isIntact } from "./records.js";
import type { Job, JobDraft, JobFound } from "../../pipeline/job-store.js";

/** A job as it was accepted. */
export type AcceptedJob = Omit<JobDraft, "firstSentAt"> & { readonly bytes: number };

export function acceptedJob(draft: JobDraft, bytes: number): AcceptedJob {
  const { at, channel, dueAt, id, key, origin, payload, principal, queue } = draft;
  return { id, queue, channel, key, payload, principal, at, dueAt, origin, bytes };
}

/** What has become of a job since; none is kept before its first attempt. */
export type Progress = Pick<Job, "attempts" | "failures" | "state"> & {
  /** null: at once; missing: as it was accepted. */
  readonly dueAt?: number | null;
};

export type EndedRecord = Extract<JobFound, { kind: "ended" }>;

/** What is remembered of an id: the job's sequence, or how it ended. */
export type Known = { readonly sequence: number } | EndedRecord;

/** An id in the order of the ends, to be forgotten. */
export interface EndRecord {
  readonly id: string;
  /** In milliseconds since 1970 UTC. */
  readonly at: number;
}

/** What is kept of all jobs together. */
export interface Counters {
  readonly lastSequence: number;
  /** When the newest job ended whose id is not remembered any more; null where none was. */
  readonly forgottenAt: number | null;
}

type Reader<Value> = (key: Buffer, record: Buffer) => Value | undefined;

/** Reads a record of this kind; undefined where it is damaged. */
function reader<Value>(isOne: (value: unknown) => value is Value): Reader<Value> {
  return (key, record) => {
    const value: unknown = isIntact(key, record) ? readJson(record) : undefined;
    return isOne(value) ? value : undefined;
  };
}

/** Its checksum says that a record is as it was written; this, that it was written as one of these. */
function has<Value>(...names: readonly (keyof Value & string)[]): (value: unknown) => value is Value {
  return (value): value is Value =>
    typeof value === "object" && value !== null && names.every((name) => Object.hasOwn(value, name));
}

const isEnded = has<EndedRecord>("kind", "end", "channel", "origin", "principal");
const isSequence = has<{ readonly sequence: number }>("sequence");

export const readAccepted: Reader<AcceptedJob> = reader(
  has<AcceptedJob>("id", "queue", "channel", "key", "payload", "principal", "origin", "at", "bytes"),
);
export const readProgress: Reader<Progress> = reader(has<Progress>("attempts", "failures", "state"));
export const readKnown: Reader<Known> = reader((value): value is Known => isSequence(value) || isEnded(value));
export const readEnd: Reader<EndRecord> = reader(has<EndRecord>("id", "at"));
export const readCounters: Reader<Counters> = reader(has<Counters>("lastSequence", "forgottenAt"));
export const readQueue: Reader<string> = reader((value): value is string => typeof value === "string");
