import type { Clock } from "../kernel/clock.js";
import type { Position } from "../wire/messages.js";

/** Of so many clients it is known from where on they could read live. */
const clientsMax = 10_000;
/** … and on so many channels of each. */
const channelsMax = 256;
/** It is forgotten when a client was away for so long. */
const keepMs = 600_000;

/** From where on a client could read a channel live. */
export class ClientMarks {
  readonly #positions = new Map<string, Position>();

  get(channel: string): Position | undefined {
    return this.#positions.get(channel);
  }

  /** The client can read what follows from now on; where it could from further back on in this epoch, that stays. */
  note(channel: string, position: Position): void {
    if (this.#positions.get(channel)?.epoch === position.epoch) return;
    const oldest = this.#positions.keys().next();
    if (this.#positions.size >= channelsMax && oldest.done !== true) this.#positions.delete(oldest.value);
    this.#positions.set(channel, position);
  }

  /** It may not read the channel any more. */
  forget(channel: string): void {
    this.#positions.delete(channel);
  }
}

interface Known {
  readonly marks: ClientMarks;
  /** Its sessions: two, while one takes over from the other. */
  sessions: number;
  untilMs: number;
}

/**
 * From where on clients that may not read history could read live: so much of it they may read after a cut.
 *
 * For those who may read history nothing is kept.
 */
export class LiveMarks {
  readonly #clock: Pick<Clock, "now">;
  /** Those that were away for longest come first. */
  readonly #clients = new Map<string, Known>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#clients.size;
  }

  /** A client's session needs them; `leave` must be called. */
  enter(client: string): ClientMarks {
    const before = this.#clients.get(client);
    const isKnown = before !== undefined && (before.sessions > 0 || this.#clock.now() < before.untilMs);
    const known = isKnown ? before : { marks: new ClientMarks(), sessions: 0, untilMs: 0 };
    known.sessions++;
    this.#moveToEnd(client, known);
    return known.marks;
  }

  leave(client: string): void {
    const known = this.#clients.get(client);
    if (known === undefined) return;
    known.sessions--;
    known.untilMs = this.#clock.now() + keepMs;
    this.#moveToEnd(client, known);
  }

  #moveToEnd(client: string, known: Known): void {
    this.#clients.delete(client);
    const oldest = this.#clients.keys().next();
    if (this.#clients.size >= clientsMax && oldest.done !== true) this.#clients.delete(oldest.value);
    this.#clients.set(client, known);
  }
}
