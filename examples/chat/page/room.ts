/** One room as the page knows it: its messages, what was missed, how many are unread. */
import { BusbarError, type Bus, type Message, type Position } from "busbar/client";
import type { app } from "../contract.js";

export type ChatBus = Bus<typeof app>;

/** How long the connection was away, in milliseconds since 1970 UTC. */
export interface Absence {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface MessageEntry {
  readonly type: "message";
  readonly text: string;
  readonly from: string;
  readonly at: number;
  readonly position: Position;
}

export interface AwayEntry {
  readonly type: "away";
  readonly absence: Absence;
  missedCount: number;
}

export interface GapEntry {
  readonly type: "gap";
  /** How many messages cannot be shown; undefined where nobody knows. */
  readonly lostCount: number | undefined;
}

/** What stands in a room, from top to bottom. */
export type Entry = MessageEntry | AwayEntry | GapEntry;

export interface RoomListener {
  /** An entry came at the end. */
  entryAdded(entry: Entry): void;
  /** One more message was missed. */
  awayChanged(entry: AwayEntry): void;
  /** The room cannot be read, or no longer. Nothing follows. */
  roomFailed(error: BusbarError): void;
}

/** So many entries are kept; the page is no archive. */
export const ENTRIES_MAX = 500;

export class Room {
  readonly name: string;
  readonly #listener: RoomListener;
  readonly #reading = new AbortController();
  readonly #beganAtMs = Date.now();
  #entries: readonly Entry[] = [];
  #absence: Absence | undefined;
  #away: AwayEntry | undefined;

  /** Begin to read the room, until `close`. */
  constructor(name: string, bus: ChatBus, listener: RoomListener) {
    this.name = name;
    this.#listener = listener;
    this.#read(bus).catch((error: unknown) => {
      listener.roomFailed(error instanceof BusbarError ? error : new BusbarError("page/defect", String(error)));
    });
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Whether a message has arrived. */
  has({ epoch, offset }: Position): boolean {
    const newest = this.#entries.findLast((entry) => entry.type === "message")?.position;
    return newest !== undefined && newest.epoch === epoch && newest.offset >= offset;
  }

  /** Whether a message came since the page reads the room, and not before. */
  isNews(entry: Entry): entry is MessageEntry {
    return entry.type === "message" && entry.at >= this.#beganAtMs;
  }

  /** The connection was away: what came meanwhile is shown as missed. */
  wasAway(absence: Absence): void {
    this.#absence = absence;
    this.#away = undefined;
  }

  close(): void {
    this.#reading.abort();
  }

  async #read(bus: ChatBus): Promise<void> {
    const { signal } = this.#reading;
    const room = bus.channel(`chat/${this.name}`);
    // A gap is shown at once, and not with the next message, which can take its time.
    const off = bus.on("gap", ({ channel, lost }) => {
      if (channel === room.name) this.#add({ type: "gap", lostCount: lost && lost.to - lost.from + 1 });
    });
    try {
      for await (const message of room.messages({ from: "last 50", signal })) this.#receive(message);
    } finally {
      off();
    }
  }

  #receive({ data, from, at, position }: Message<{ readonly text: string }>): void {
    this.#markIfMissed(at);
    this.#add({ type: "message", text: data.text, from, at, position });
  }

  #markIfMissed(at: number): void {
    if (this.#absence === undefined) return;
    if (at > this.#absence.toMs) {
      this.#absence = undefined;
    } else if (this.#away === undefined) {
      this.#away = { type: "away", absence: this.#absence, missedCount: 1 };
      this.#add(this.#away);
    } else {
      this.#away.missedCount++;
      this.#listener.awayChanged(this.#away);
    }
  }

  #add(entry: Entry): void {
    this.#entries = [...this.#entries.slice(1 - ENTRIES_MAX), entry];
    this.#listener.entryAdded(entry);
  }
}
