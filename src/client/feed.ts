import type { Clock, Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import type {
  CursorRequest,
  GapPush,
  MessagePush,
  PresenceMember,
  PresencePush,
  SubscribeFrom,
  SubscribePolicy,
  UnsubscribedPush,
} from "../wire/messages.js";
import { isJsonObject, memberOf } from "../wire/json.js";
import { wireErrorFrom, type WireError } from "../wire/errors.js";
import type { Connection } from "./connection.js";
import { Cursor, joinGaps, type Gap, type Message } from "./cursor.js";
import { clientError } from "./errors.js";
import { Inbox, type Replacing } from "./inbox.js";
import { Membership } from "./membership.js";
import type { Outcome } from "./request-table.js";
import { restMs } from "./rest.js";
import { Roster } from "./roster.js";

export interface FeedOptions {
  readonly channel: string;
  readonly connection: Pick<Connection, "isReady" | "request">;
  readonly clock: Clock;
  readonly messagesWaitingMax: number;
  /** Told of every message when it is given to the reader's inbox. */
  readonly onMessage: (message: Message<unknown>) => void;
  readonly onGap: (gap: Gap) => void;
  /** Nothing is wanted of this channel and nothing is under way any more. */
  readonly onIdle: () => void;
}

interface Reader {
  readonly cursor: Cursor;
  readonly policy: SubscribePolicy;
  readonly inbox: Inbox<Message<unknown>>;
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
  /** The reader that the subscription was begun for. */
  #asker: Reader | undefined;
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
  read(from: SubscribeFrom, policy: SubscribePolicy): Inbox<Message<unknown>> {
    if (this.#reader !== undefined) throw clientError("subscription/in-use");
    const reader: Reader = {
      cursor: new Cursor(from, policy.kind, this.#options.onGap),
      policy,
      inbox: new Inbox<Message<unknown>>({
        itemsMax: this.#options.messagesWaitingMax,
        replacing: policy.kind === "latest" ? newestOf(policy.key) : undefined,
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
    if (member !== undefined && this.#membership.isWanted) throw clientError("subscription/in-use");
    const watcher = new Inbox<readonly PresenceMember[]>({
      itemsMax: 1,
      replacing: newest,
      onReturn: () => {
        const wasWatching = this.#watchers.delete(watcher);
        if (member !== undefined && wasWatching) this.#membership.leave();
        this.#reconcile();
      },
    });
    this.#watchers.add(watcher);
    if (this.#roster.isKnown) watcher.push(this.#roster.members);
    if (member !== undefined) {
      this.#membership.join(member.state, (error) => {
        this.#watchers.delete(watcher);
        watcher.end(error);
      });
    }
    this.#reconcile();
    return watcher;
  }

  /** Change the state that the member is seen in who joined with this watcher. */
  update(watcher: Inbox<readonly PresenceMember[]>, state: unknown): void {
    if (this.#watchers.has(watcher)) this.#membership.update(state);
  }

  /** The subscription that the new connection is to begin with, where one is wanted; `resumed` follows. */
  takeCursor(): CursorRequest | undefined {
    if (!this.#isWanted() || this.#phase !== "none") return undefined;
    const { cursor, policy } = this.#reader ?? {};
    this.#phase = "subscribing";
    this.#isElsewhere = false;
    this.#asker = this.#reader;
    return {
      channel: this.#options.channel,
      from: cursor?.from ?? "now",
      ...(policy !== undefined && policy.kind !== "all" && { policy }),
    };
  }

  /** What became of the cursor that was taken. */
  resumed(outcome: Outcome<"subscribe">): void {
    switch (outcome.kind) {
      case "ok":
        this.#phase = "live";
        this.#asker?.cursor.begin(outcome.ok.position);
        return this.#reconcile();
      case "refused":
        return this.#refused(outcome.error);
      case "lost":
        return;
    }
  }

  /** `takeCursor` follows. */
  connectionReady(): void {
    this.#membership.connectionReady();
  }

  connectionLost(): void {
    this.#phase = "none";
    this.#restTimer?.cancel();
    this.#roster.forget();
    this.#membership.connectionLost();
    // What was only waiting for the end of its subscription is done.
    this.#reconcile();
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
        for (const watcher of this.#watchers) watcher.push(this.#roster.members);
        return;
      case "unsubscribed":
        return this.#refused(wireErrorFrom(push.error));
    }
  }

  /** The bus is over. Without an error the readers' loops just end. */
  end(error: BusbarError | undefined): void {
    this.connectionLost();
    this.#endAll(error);
  }

  #isWanted(): boolean {
    return this.#reader === undefined ? this.#watchers.size > 0 : !this.#reader.isBehind;
  }

  /** Do the next thing that brings the subscription to where it is wanted. A reply brings us here again. */
  #reconcile(): void {
    const { connection, onIdle } = this.#options;
    if (this.#phase === "live" && (!this.#isWanted() || this.#isElsewhere)) return this.#unsubscribe();
    if (this.#phase !== "none") return;
    const cursor = connection.isReady ? this.takeCursor() : undefined;
    if (cursor !== undefined) {
      connection.request({ do: "subscribe", ...cursor }, (outcome) => this.resumed(outcome));
    } else if (!this.#isWanted() && this.#reader === undefined && this.#membership.isIdle) onIdle();
  }

  #unsubscribe(): void {
    const { connection, channel } = this.#options;
    this.#phase = "unsubscribing";
    this.#roster.forget();
    connection.request({ do: "unsubscribe", channel }, (outcome) => {
      if (outcome.kind === "lost") return;
      this.#phase = "none";
      this.#reconcile();
    });
  }

  #refused(error: WireError): void {
    this.#phase = "none";
    this.#roster.forget();
    if (!error.retryable) return this.#endAll(error);
    this.#phase = "resting";
    this.#restTimer = this.#options.clock.schedule(restMs(error), () => {
      this.#phase = "none";
      this.#reconcile();
    });
  }

  #deliver(push: MessagePush | GapPush): void {
    const reader = this.#reader;
    if (reader === undefined || reader.isBehind || this.#isElsewhere) return;
    if (push.push === "gap") return reader.cursor.readGap(push);
    const message = reader.cursor.read(push);
    if (message === undefined) return;
    if (!reader.inbox.push(message)) {
      reader.isBehind = true;
      return this.#reconcile();
    }
    reader.cursor.advance(message);
    this.#options.onMessage(message);
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

  /** Nobody wants anything of the subscription any more. With an error, they all get it. */
  #endAll(error: BusbarError | undefined): void {
    const inboxes = [...this.#watchers, this.#reader?.inbox];
    this.#watchers.clear();
    this.#reader = undefined;
    for (const inbox of inboxes) inbox?.end(error);
    this.#reconcile();
  }
}

/** One item waits, the newest. */
const newest: Replacing<readonly PresenceMember[]> = { keyOf: () => undefined, merge: (_, newer) => newer };

/** One message waits for each value of the payload's member `key`; what was lost before an older one is not forgotten. */
function newestOf(key: string | undefined): Replacing<Message<unknown>> {
  return {
    keyOf: ({ data }) => (key !== undefined && isJsonObject(data) ? memberOf(data, key) : undefined),
    merge: (older, newer) => ({ ...newer, gap: joinGaps(older.gap, newer.gap) }),
  };
}
