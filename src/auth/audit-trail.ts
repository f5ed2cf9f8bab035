import { causeText } from "../kernel/cause-text.js";
import type { Clock, Timer } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { AuditEntry, AuditEvent, OmittedEvent } from "./audit-event.js";

export interface AuditLimits {
  /** So many events of each kind are kept in memory: a flood of one kind does not push out the others. */
  readonly recentMax: number;
  /** So many refusals and denials a second each are events of their own; what is beyond is counted. */
  readonly refusalsPerSecond: number;
  /** The same for each other kind. */
  readonly eventsPerSecond: number;
}

/** The one table of defaults. */
export const auditLimits: AuditLimits = { recentMax: 1000, refusalsPerSecond: 20, eventsPerSecond: 1000 };

/** Takes each event, in its order. What it throws or rejects with is logged; the event is in memory in any case. */
export type AuditSink = (event: AuditEvent) => void | Promise<void>;

export interface AuditTrailOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sinks?: readonly AuditSink[];
  readonly limits?: Partial<AuditLimits>;
}

/** Events are counted over so long. */
const windowMs = 1000;

/** A principal's id or a name is cut there, so that the trail's memory is bounded. */
const textMax = 256;

interface Kept {
  readonly event: AuditEvent;
  /** Counts all events, so that those of all kinds can be put into one order. */
  readonly number: number;
}

/** Who was let in, refused, revoked, denied: the newest events in memory, and each to whoever wants them. */
export class AuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #limits: AuditLimits;
  readonly #kept = new Map<AuditEvent["kind"], Kept[]>();
  #number = 0;
  /** The events of each kind in the window that began at `#windowAt` on the clock. */
  #counts = new Map<AuditEntry["kind"], number>();
  #windowAt = Number.NEGATIVE_INFINITY;
  #omitted: { counts: Partial<Record<AuditEntry["kind"], number>>; readonly since: number } | undefined;
  #timer: Timer | undefined;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
    this.#limits = { ...auditLimits, ...options.limits };
  }

  /** Take an event, or count it where there are too many of its kind. */
  readonly record = (entry: AuditEntry): void => {
    if (this.#hasRoomFor(entry.kind)) this.#add(bounded(entry));
    else this.#omit(entry.kind);
  };

  /** The newest events, the oldest of them first. */
  recent(): AuditEvent[] {
    const all = [...this.#kept.values()].flat();
    return all.toSorted((one, other) => one.number - other.number).map(({ event }) => event);
  }

  /** Tell of what was left out until now; no timer is left. */
  close(): void {
    this.#timer?.cancel();
    this.#tellOmitted();
  }

  #hasRoomFor(kind: AuditEntry["kind"]): boolean {
    const now = this.#options.clock.now();
    if (now - this.#windowAt >= windowMs) {
      this.#windowAt = now;
      this.#counts = new Map();
    }
    const { eventsPerSecond, refusalsPerSecond } = this.#limits;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count <= (kind === "refused" || kind === "denied" ? refusalsPerSecond : eventsPerSecond);
  }

  #omit(kind: AuditEntry["kind"]): void {
    const { clock } = this.#options;
    if (this.#omitted === undefined) {
      this.#omitted = { counts: {}, since: clock.wallTimeMs() };
      this.#timer = clock.schedule(windowMs, () => this.#tellOmitted());
    }
    this.#omitted.counts[kind] = (this.#omitted.counts[kind] ?? 0) + 1;
  }

  #tellOmitted(): void {
    if (this.#omitted === undefined) return;
    const omitted = this.#omitted;
    this.#omitted = undefined;
    this.#add({ kind: "omitted", ...omitted });
  }

  #add(entry: AuditEntry | OmittedEvent): void {
    const { clock, sinks = [] } = this.#options;
    const event: AuditEvent = { time: clock.wallTimeMs(), ...entry };
    const kept = this.#kept.get(entry.kind) ?? [];
    this.#kept.set(entry.kind, kept);
    if (kept.length >= this.#limits.recentMax) kept.shift();
    kept.push({ event, number: this.#number++ });
    for (const sink of sinks) this.#send(event, sink);
  }

  #send(event: AuditEvent, sink: AuditSink): void {
    const failed = (cause: unknown): void => {
      this.#options.logger.error("audit/not-sent", { kind: event.kind, cause: causeText(cause) });
    };
    try {
      const done = sink(event);
      if (done !== undefined) Promise.resolve(done).catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }
}

/** The same with texts of a bounded length; what is cut off is shown by `…`. */
function bounded(entry: AuditEntry): AuditEntry {
  const cut = (text: string): string => (text.length > textMax ? `${text.slice(0, textMax)}…` : text);
  switch (entry.kind) {
    case "admitted":
    case "refreshed":
    case "ended":
      return { ...entry, principal: cut(entry.principal) };
    case "refused":
      return {
        ...entry,
        why: cut(entry.why),
        ...(entry.principal !== undefined && { principal: cut(entry.principal) }),
      };
    case "denied":
      return { ...entry, principal: cut(entry.principal), name: cut(entry.name), rule: cut(entry.rule) };
    case "revoked":
    case "reinstated": {
      const { target } = entry;
      const short = "principal" in target ? { principal: cut(target.principal) } : { token: cut(target.token) };
      return { ...entry, target: short };
    }
  }
}
