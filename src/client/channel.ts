import type { SubscribePolicy } from "../wire/messages.js";
import type { Message, ReadFrom } from "./cursor.js";
import type { BusbarError } from "../kernel/errors.js";
import type { PublishOptions, RejectionError } from "./publisher.js";
import type { Receipt, Refused } from "./publish-queue.js";

export interface ReadOptions {
  /** Where reading begins. Default: `"now"`. */
  readonly from?: ReadFrom | undefined;
  /**
   * What becomes of messages that come faster than they are taken.
   *
   * `all`, the default: they stay in the log until there is room. `latest`: only the newest counts; offsets jump, and
   * that is no gap. `disconnect`: the server cuts a connection that takes them too slowly, and the bus comes back.
   */
  readonly policy?: SubscribePolicy["kind"] | undefined;
  /** With `latest`: the newest for each value of this member of the message counts. */
  readonly key?: string | undefined;
  /** Ends the reading; the loop then just ends. */
  readonly signal?: AbortSignal | undefined;
}

export interface SubscribeOptions extends ReadOptions {
  /** The reading ended, since the server refused it or ended the bus. Without it the bus tells its event `error`. */
  readonly onError?: ((error: BusbarError) => void) | undefined;
}

export interface PresenceOptions<Joined> {
  /** What the others see of this client. Without it the client watches and is not seen. */
  readonly state?: Joined | undefined;
  /** Ends the watching, and being seen; the loop then just ends. */
  readonly signal?: AbortSignal | undefined;
}

/** One who is there. */
export interface Member<State> {
  /** The name of this membership: two windows of one principal are two members. */
  readonly member: string;
  /** The principal's id. */
  readonly id: string;
  readonly state: State;
}

/** Who is there, over and over again. */
export interface Presence<State, Joined> extends AsyncIterableIterator<readonly Member<State>[], undefined> {
  /** Be seen in another state, where this client is seen. */
  update(state: Joined): void;
}

/**
 * One channel as a client sees it.
 *
 * `Data` is what its readers get, `Sent` what can be published; `State` what is seen of a member, `Joined` what a
 * member gives. A schema that transforms makes them differ. `Reason` is why the processor rejects a message.
 */
export interface Channel<Data, Sent, State, Joined, Reason> {
  readonly name: string;

  /**
   * Publish a message; resolves with its place in the log.
   *
   * While there is no connection it waits for the next one, and where a connection was cut before the receipt it is
   * sent again, in the channel's order: the log never holds it twice. So are messages that the server refuses for now
   * (`limit/rate`, `server/busy` …).
   *
   * Rejects with what the server refused it for (`policy/denied`, `message/invalid`, `message/rejected` …), with
   * `message/too-large`, with `publish/too-many`, with the signal's reason; or with `publish/unknown-fate`, where no
   * receipt came for 10 minutes or before the bus was closed: then the message may be in the log.
   */
  publish(data: Sent, options?: PublishOptions): Promise<Receipt>;

  /**
   * Publish several messages, in their order and in few commands; resolves with what became of each.
   *
   * Rejects with the signal's reason alone.
   */
  publishAll(data: readonly Sent[], options?: PublishOptions): Promise<readonly (Receipt | Refused)[]>;

  /**
   * Whether this is how a message of this channel ends that its processor rejected: what `publish`, a receipt's `processed`
   * or `follow` rejects with, or the error of a `publishAll`. Then its `reason` is as the contract's `rejection` says.
   */
  isRejection(error: unknown): error is RejectionError<Reason>;

  /**
   * Read the messages, in the log's order, each once. Cut connections are made up for.
   *
   * Where messages are lost to this reader, the next one's `gap` says so. Where the server refuses the reading
   * (`policy/denied`, `channel/unknown` …), or ends it, the loop throws its error. Leaving the loop ends the reading. A
   * reader that is slow finds the messages in the log when it has caught up, and slows nobody down but itself.
   *
   * @throws BusbarError `subscription/invalid-from`; `subscription/in-use` while this bus reads the channel already.
   */
  messages(options?: ReadOptions): AsyncIterableIterator<Message<Data>, undefined>;

  /**
   * Read the messages by a function that is called with each, in order; the next one waits for the promise that it may
   * return. What it throws is thrown where nothing catches it, and the reading goes on. Returns the function that ends
   * it.
   *
   * @throws BusbarError like `messages`.
   */
  subscribe(listener: (message: Message<Data>) => void | Promise<void>, options?: SubscribeOptions): () => void;

  /**
   * Watch who is there: each item is everybody, in the order in which they came. What changes while the loop is busy
   * comes in one item. With `state` this client is one of them, until the loop is left; a cut that is made up for within
   * 30 s is not seen by the others.
   *
   * @throws BusbarError `subscription/in-use` when `state` is given and this bus has joined the channel already.
   */
  presence(options?: PresenceOptions<Joined>): Presence<State, Joined>;
}
