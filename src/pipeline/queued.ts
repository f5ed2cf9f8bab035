import { BusbarError } from "../kernel/errors.js";
import { backoffDefaults, type BackoffOptions } from "./backoff.js";
import type { Emit, Processor } from "./processor.js";

/** What names the key of a message: those of one key are processed in order. */
export type KeyOf<Message, Params, Principal> = (
  message: Message,
  context: { readonly channel: string; readonly params: Params; readonly principal: Principal },
) => string;

export interface QueueOptions<Message, Params, Principal> {
  /** Messages of one key are processed in their order, those of different keys side by side. Default: the channel. */
  readonly key?: KeyOf<Message, Params, Principal>;
  /** So many messages of this pattern are processed at the same time. Default: 64. */
  readonly parallelMax?: number;
  /** So often a message is tried before it goes to the dead letters. Default: 8. */
  readonly attemptsMax?: number;
  /** An attempt that takes longer is aborted, and has failed. Default: 30 s. */
  readonly timeoutMs?: number;
  /** How long to wait before the next attempt. */
  readonly backoff?: Partial<BackoffOptions>;
  /**
   * What becomes of the later messages of a key when one fails. `block` (the default): they wait until it has succeeded,
   * or until its dead letter was redriven or discarded. `skip`: they go on while it waits, and once it is dead.
   */
  readonly onFailure?: "block" | "skip";
  /** So many messages can wait, dead letters included; more are refused with `server/busy`. Default: 100,000. */
  readonly lengthMax?: number;
  /** … and about so many bytes. Default: 256 MiB. */
  readonly bytesMax?: number;
  /** A worker that is silent for so long has lost its messages to others. Default: 15 s. */
  readonly leaseMs?: number;
}

/** The options with their defaults. */
export interface QueueSettings {
  readonly key: KeyOf<unknown, unknown, unknown>;
  readonly parallelMax: number;
  readonly attemptsMax: number;
  readonly timeoutMs: number;
  readonly backoff: BackoffOptions;
  readonly onFailure: "block" | "skip";
  readonly lengthMax: number;
  readonly bytesMax: number;
  readonly leaseMs: number;
}

/** The one table of defaults. */
export const queueDefaults: QueueSettings = {
  key: (_message, { channel }) => channel,
  parallelMax: 64,
  attemptsMax: 8,
  timeoutMs: 30_000,
  backoff: backoffDefaults,
  onFailure: "block",
  lengthMax: 100_000,
  bytesMax: 256 * 1024 * 1024,
  leaseMs: 15_000,
};

/** Stands for a processor that only workers have. */
export const byWorkers = "workers";

/** A processor whose messages are accepted first and processed afterwards; recognised by its `kind`. */
export interface Queued<Message, Params, Principal, EmitTo = Emit, Reason = string> {
  readonly kind: "queued";
  readonly processor: Processor<Message, Params, Principal, EmitTo, Reason> | typeof byWorkers;
  readonly options: QueueOptions<Message, Params, Principal>;
}

/**
 * Have messages accepted first, as durably as their channel asks, and processed afterwards: their publishers get a
 * receipt that says `accepted`, and can follow the message by its id.
 *
 * @example process: { "orders/:id": queued(async (order) => …, { attemptsMax: 5 }) }
 * @throws BusbarError `pipeline/invalid-queue`.
 */
export function queued<Message, Params, Principal, EmitTo = Emit, Reason = string>(
  processor: Processor<Message, Params, Principal, EmitTo, Reason> | typeof byWorkers,
  options: QueueOptions<Message, Params, Principal> = {},
): Queued<Message, Params, Principal, EmitTo, Reason> {
  queueSettings(options);
  return { kind: "queued", processor, options };
}

/** @throws BusbarError `pipeline/invalid-queue`. */
export function queueSettings<Message, Params, Principal>(
  options: QueueOptions<Message, Params, Principal>,
): QueueSettings {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key is asked with what its channel's schema made
  const given = options as Omit<Partial<QueueSettings>, "backoff"> & Pick<typeof options, "backoff">;
  const settings = { ...queueDefaults, ...given, backoff: { ...backoffDefaults, ...options.backoff } };
  for (const name of ["parallelMax", "attemptsMax", "timeoutMs", "lengthMax", "bytesMax", "leaseMs"] as const) {
    requireWhole(name, settings[name]);
  }
  if (settings.onFailure !== "block" && settings.onFailure !== "skip") {
    throw invalid(`onFailure is "block" or "skip", not ${String(settings.onFailure)}`);
  }
  const { factor, firstMs, longestMs } = settings.backoff;
  requireWhole("backoff.firstMs", firstMs);
  requireWhole("backoff.longestMs", longestMs);
  if (!(factor >= 1)) throw invalid(`backoff.factor is a number from 1, not ${factor}`);
  return settings;
}

function requireWhole(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} is a whole number from 1, not ${value}`);
}

function invalid(problem: string): BusbarError {
  return new BusbarError("pipeline/invalid-queue", `a queue's ${problem}`);
}
