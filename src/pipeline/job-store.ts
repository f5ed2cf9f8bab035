/**
 * The port that keeps queued messages: what was accepted and has not been dealt with, how often it was tried, what
 * became of it, and the dead letters.
 *
 * A job is a message between being accepted and its end. What comes out of it and its end are one transaction: a
 * `Rider` is written together with appends to channels' logs, by the store that keeps both.
 */

/** A message on its way into a queue. */
export interface JobDraft {
  /** Names the message: at most 64 ASCII characters. A repeat of a publish has the same. */
  readonly id: string;
  /** Which queue it waits in: the pattern of its channel. */
  readonly queue: string;
  readonly channel: string;
  /** Jobs of one queue and key are processed in the order in which they were accepted. */
  readonly key: string;
  /** The message as JSON text. */
  readonly payload: string;
  /** The publisher's principal as JSON text. */
  readonly principal: string;
  /** When it was accepted, in milliseconds since 1970 UTC. */
  readonly at: number;
  /** It is not processed before, in milliseconds since 1970 UTC; undefined: at once. */
  readonly dueAt: number | undefined;
  /** What the message that comes out of it is recognised by. */
  readonly origin: JobOrigin;
  /** See the log's `Origin`: of a repeat, when it was sent for the first time; undefined where this is the first time. */
  readonly firstSentAt: number | undefined;
}

/** See the log's `Origin`. */
export interface JobOrigin {
  readonly producer: string;
  readonly sequence: number;
}

/** Why an attempt failed. */
export interface Failure {
  /** From 1. */
  readonly attempt: number;
  /** In milliseconds since 1970 UTC. */
  readonly at: number;
  /** The error's text, at most `failureTextMax` characters. */
  readonly error: string;
}

/** So many characters of an error are kept. */
export const failureTextMax = 1_000;

/** About what a job takes up beside its texts. */
const JOB_BYTES = 300;

/** A repeat may have been under way this long since its sender said how old it is, in milliseconds. */
const TRAVEL_MS_MAX = 60_000;

/** So many failures of a job are kept: the first one, and the newest. */
export const failuresKeptMax = 10;

/** What a queue knows of a job while it waits: all but the message. */
export interface JobHead {
  /** Its place: from 1, over all queues, in the order in which the jobs were accepted. Never used again. */
  readonly sequence: number;
  readonly id: string;
  readonly queue: string;
  readonly channel: string;
  readonly key: string;
  /** About how many bytes it takes up. */
  readonly bytes: number;
  /** See the draft; after a failure, when it is tried again. */
  readonly dueAt: number | undefined;
  readonly at: number;
  /** How many attempts have begun. */
  readonly attempts: number;
  /** `waiting`, also while it is being processed; `dead`: it failed for the last time. */
  readonly state: "waiting" | "dead";
}

/** A job as it is kept. */
export interface Job extends Omit<JobDraft, "firstSentAt">, JobHead {
  readonly dueAt: number | undefined;
  /** Oldest first. */
  readonly failures: readonly Failure[];
}

/** What a queue keeps of a job. */
export function headOf({ at, attempts, bytes, channel, dueAt, id, key, queue, sequence, state }: JobHead): JobHead {
  return { sequence, id, queue, channel, key, bytes, dueAt, at, attempts, state };
}

/** A job that was just accepted. */
export function freshJob(draft: JobDraft, { bytes, sequence }: Pick<JobHead, "bytes" | "sequence">): Job {
  const { at, channel, dueAt, id, key, origin, payload, principal, queue } = draft;
  // One literal: with a spread in it, it would take up several times as much.
  return {
    sequence,
    id,
    queue,
    channel,
    key,
    payload,
    principal,
    origin,
    bytes,
    at,
    dueAt,
    attempts: 0,
    state: "waiting",
    failures: [],
  };
}

/** About how many bytes a job takes up. Texts count one byte a character. */
export function bytesOf({ channel, id, key, payload, principal }: Omit<JobDraft, "firstSentAt">): number {
  return JOB_BYTES + channel.length + id.length + key.length + payload.length + principal.length;
}

type Tries = Pick<Job, "attempts" | "failures">;

/** A job's attempts with another failure: it is kept with the first and the newest ones, and its attempt has begun. */
export function withFailure({ attempts, failures }: Tries, failure: Failure): Tries {
  const all = [...failures, failure];
  if (all.length > failuresKeptMax) all.splice(1, 1);
  return { attempts: Math.max(attempts, failure.attempt), failures: all };
}

/** How a job ended. */
export type JobEnd =
  /** What came out of it is in its channels' logs. */
  | { readonly kind: "delivered" }
  /** The processor let it go. */
  | { readonly kind: "dropped" }
  | { readonly kind: "rejected"; readonly reason: string }
  /** An operator threw the dead letter away. */
  | { readonly kind: "discarded" };

/**
 * What became of a draft: it is kept now; there is, or was a while ago, a job with its id; or it is a repeat from before
 * what is remembered of jobs that ended, and was not kept.
 */
export type JobAccepted =
  | { readonly kind: "accepted"; readonly head: JobHead }
  | { readonly kind: "repeat" }
  | { readonly kind: "unknown" };

/**
 * Whether a draft that is not known may be a repeat of one that was.
 *
 * @param forgottenAt when the newest job ended whose id is not remembered any more, in milliseconds since 1970 UTC
 */
export function mayBeForgotten({ firstSentAt }: Pick<JobDraft, "firstSentAt">, forgottenAt: number): boolean {
  return firstSentAt !== undefined && firstSentAt - TRAVEL_MS_MAX <= forgottenAt;
}

/** What happened to a job. */
export type JobChange =
  /** An attempt begins, or has: a store keeps that over a sudden end of the process, not over one of the machine. */
  | { readonly kind: "begun"; readonly sequence: number; readonly attempts: number }
  /** It failed, and is tried again at `dueAt`. The attempt counts, whether its beginning was noted or not. */
  | { readonly kind: "failed"; readonly sequence: number; readonly failure: Failure; readonly dueAt: number }
  | { readonly kind: "dead"; readonly sequence: number; readonly failure: Failure }
  /** A dead letter waits again, with no attempts made; with another message where there is one. */
  | { readonly kind: "redriven"; readonly sequence: number; readonly payload: string | undefined }
  /** It is over: only its id and its end are remembered, for the idempotence window. */
  | { readonly kind: "ended"; readonly sequence: number; readonly end: JobEnd; readonly of: EndedJob };

/** What is remembered of a job when it is over. */
export type EndedJob = Pick<Job, "id" | "channel" | "origin" | "principal">;

/** What is known of a message by its id. */
export type JobFound =
  | { readonly kind: "job"; readonly job: Job }
  | {
      readonly kind: "ended";
      readonly end: JobEnd;
      readonly channel: string;
      readonly origin: JobOrigin;
      readonly principal: string;
    };

/** Which dead letters: of one queue or of all, behind a sequence, at most so many. */
export interface DeadRange {
  readonly queue: string | undefined;
  readonly after: number;
  readonly max: number;
}

/** What is written in one transaction with appends to logs. It belongs to the store that it came from. */
export interface Rider {
  /** Whether the appends' transaction has to be covered by an fsync. */
  readonly durability: "memory" | "disk";
  /** Write: called once, inside the transaction. */
  readonly write: () => void;
}

/**
 * Keeps jobs. Changes take effect in the order of the calls; what a call was given is in none or all of it.
 *
 * One process uses it. Whatever is asked of a job that is not there (any more) is left out without an error.
 */
export interface JobStore {
  /** The unfinished jobs and the dead letters, by sequence, behind `after`; none: that was the last of them. */
  heads(after: number, max: number): Promise<readonly JobHead[]>;
  /**
   * Keep jobs; resolves when they are as durable as the store is, with one answer for each, in their order. Drafts of
   * one call can repeat one another. Rejects when none of them is kept, or when that is unknown: trying again is safe.
   */
  accept(drafts: readonly JobDraft[]): Promise<readonly JobAccepted[]>;
  /** The jobs with these sequences; undefined for one that is not there, or that is damaged. */
  read(sequences: readonly number[]): Promise<readonly (Job | undefined)[]>;
  /** Note changes with nothing else. Rejects when that failed or is unknown: trying again is safe. */
  change(changes: readonly JobChange[]): Promise<void>;
  /** The same changes, to be written by an append of the same store. */
  rider(changes: readonly JobChange[]): Rider;
  find(id: string): Promise<JobFound | undefined>;
  dead(range: DeadRange): Promise<readonly Job[]>;
}
