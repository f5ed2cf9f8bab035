import type { Clock, Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import type {
  GapPush,
  MessagePush,
  PresenceMember,
  PresencePush,
  SubscribeFrom,
  UnsubscribedPush,
} from "../wire/messages.js";
import { wireErrorFrom, type WireError } from "../wire/errors.js";
import type { Connection } from "./connection.js";
import { Cursor, type ReadItem } from "./cursor.js";
import { clientError } from "./errors.js";
import { Inbox } from "./inbox.js";
import { Membership } from "./membership.js";
import type { Outcome } from "./request-table.js";
import { Roster } from "./roster.js";

/** How long to wait after a refusal that passes, when the server does not say. */
const RETRY_AFTER_MS = 1_000;

export interface FeedOptions {
  readonly channel: string;
  readonly connection: Pick<Connection, "isReady" | "request">;
  readonly clock: Clock;
  readonly messagesWaitingMax: number;
  /** Told of every item when it is given to the reader's inbox. */
  readonly onItem: (item: ReadItem<unknown>) => void;
  /** Nothing is wanted of this channel and nothing is under way any more. */
  readonly onIdle: () => void;
}

interface Reader {
  readonly cursor: Cursor;
  readonly inbox: Inbox<ReadItem<unknown>>;
  /** The inbox was full: the messages stay in the server's log until the reader has taken all that wait. */
  isBehind: boolean;
}

/** What a client has of one channel: its reader, those who watch the presence, and its own membership. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #membership: Membership;
  readonly #watchers = new Set<Inbox<readonly PresenceMember[]>>();
  readonly #roster = new Roster();
  #reader: Reader | undefined;
  /** The subscription of the present connection; `resting` after a refusal that passes. */
  #phase: "none" | "subscribing" | "live" | "unsubscribing" | "resting" = "none";
  /** The subscription did not begin where the reader wants to. */
  #isElsewhere = false;
  #restTimer: Timer | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    const { channel, connection, clock } = options;
    this.#membership = new Membership({ channel, connection, clock, onIdle: () => this.#reconcile() });
  }

  /**
   * Read the messages.
   *
   * @throws BusbarError `subscription/in-use` while there is another reader.
   */
  read(from: SubscribeFrom): Inbox<ReadItem<unknown>> {
    if (this.#reader !== undefined)
      throw clientError("subscription/in-use", { message: "this client reads the channel already" });
    const reader: Reader = {
      cursor: new Cursor(from),
      inbox: new Inbox<ReadItem<unknown>>({
        // A push can be two items: a gap and a message.
        itemsMax: this.#options.messagesWaitingMax + 1,
        onDrained: () => this.#catchUp(reader),
        onReturn: () => this.#stopReading(reader),
      }),
      isBehind: false,
    };
    this.#reader = reader;
    this.#isElsewhere = true;
    this.#reconcile();
    return reader.inbox;
  }

  /**
   * Watch who is there; `member` joins, with its state.
   *
   * @throws BusbarError `subscription/in-use` when `member` is given and this client is there already.
   */
  watch(member?: { readonly state: unknown }): Inbox<readonly PresenceMember[]> {
    if (member !== undefined && this.#membership.isWanted) {
      throw clientError("subscription/in-use", { message: "this client has joined the channel already" });
    }
    const watcher = new Inbox<readonly PresenceMember[]>({
      itemsMax: 1,
      onReturn: () => {
        this.#watchers.delete(watcher);
        if (member !== undefined) this.#membership.leave();
        this.#reconcile();
      },
    });
    this.#watchers.add(watcher);
    if (this.#roster.isKnown) watcher.replace(this.#roster.members);
    if (member !== undefined) this.#membership.join(member.state, (error) => watcher.fail(error));
    this.#reconcile();
    return watcher;
  }

  connectionReady(): void {
    // In this order the first list of who is there has this client in it.
    this.#membership.connectionReady();
    this.#reconcile();
  }

  connectionLost(): void {
    this.#phase = "none";
    this.#restTimer?.cancel();
    this.#roster.forget();
    this.#membership.connectionLost();
  }

  pushReceived(push: MessagePush | GapPush | PresencePush | UnsubscribedPush): void {
    // What was on its way when the subscription ended belongs to nobody.
    if (this.#phase !== "live") return;
    switch (push.push) {
      case "message":
      case "gap":
        return this.#deliver(push);
      case "presence":
        this.#roster.apply(push);
        for (const watcher of this.#watchers) watcher.replace(this.#roster.members);
        return;
      case "unsubscribed":
        return this.#refused(wireErrorFrom(push.error));
    }
  }

  /** The bus is over. Without an error the readers' loops just end. */
  end(error: BusbarError | undefined): void {
    this.connectionLost();
    if (error !== undefined) return this.#fail(error);
    for (const inbox of [...this.#watchers, this.#reader?.inbox]) inbox?.finish();
    this.#watchers.clear();
    this.#reader = undefined;
  }

  /** Do the next thing that brings the subscription to where it is wanted. A reply brings us here again. */
  #reconcile(): void {
    const { connection, onIdle } = this.#options;
    const isWanted = this.#reader === undefined ? this.#watchers.size > 0 : !this.#reader.isBehind;
    if (this.#phase === "live" && (!isWanted || this.#isElsewhere)) return this.#unsubscribe();
    if (this.#phase !== "none") return;
    if (isWanted && connection.isReady) return this.#subscribe();
    if (!isWanted && this.#reader === undefined && this.#membership.isIdle) onIdle();
  }

  #subscribe(): void {
    const { connection, channel } = this.#options;
    const reader = this.#reader;
    this.#phase = "subscribing";
    this.#isElsewhere = false;
    connection.request(
      (id) => ({ id, do: "subscribe", channel, from: reader?.cursor.from ?? "now" }),
      (outcome) => this.#subscribed(outcome, reader),
    );
  }

  #subscribed(outcome: Outcome<"subscribe">, reader: Reader | undefined): void {
    switch (outcome.kind) {
      case "ok":
        this.#phase = "live";
        reader?.cursor.begin(outcome.ok.position);
        return this.#reconcile();
      case "refused":
        return this.#refused(outcome.error);
      case "lost":
        return;
    }
  }

  #unsubscribe(): void {
    const { connection, channel } = this.#options;
    this.#phase = "unsubscribing";
    this.#roster.forget();
    connection.request(
      (id) => ({ id, do: "unsubscribe", channel }),
      (outcome) => {
        if (outcome.kind === "lost") return;
        this.#phase = "none";
        this.#reconcile();
      },
    );
  }

  #refused(error: WireError): void {
    this.#phase = "none";
    this.#roster.forget();
    if (!error.retryable) return this.#fail(error);
    this.#phase = "resting";
    this.#restTimer = this.#options.clock.schedule(error.retryAfterMs ?? RETRY_AFTER_MS, () => {
      this.#phase = "none";
      this.#reconcile();
    });
  }

  #deliver(push: MessagePush | GapPush): void {
    const reader = this.#reader;
    if (reader === undefined || reader.isBehind || this.#isElsewhere) return;
    if (reader.inbox.length >= this.#options.messagesWaitingMax) {
      reader.isBehind = true;
      return this.#reconcile();
    }
    const items = push.push === "gap" ? [reader.cursor.acceptGap(push)] : reader.cursor.accept(push);
    for (const item of items) {
      reader.inbox.push(item);
      this.#options.onItem(item);
    }
  }

  #catchUp(reader: Reader): void {
    reader.isBehind = false;
    this.#reconcile();
  }

  #stopReading(reader: Reader): void {
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    this.#isElsewhere = false;
    this.#reconcile();
  }

  /** Everybody who wants something of the subscription gets the error. */
  #fail(error: BusbarError): void {
    const inboxes = [...this.#watchers, ...(this.#reader === undefined ? [] : [this.#reader.inbox])];
    this.#watchers.clear();
    this.#reader = undefined;
    for (const inbox of inboxes) inbox.fail(error);
    this.#reconcile();
  }
}
