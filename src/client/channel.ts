import type { Receipt } from "./publisher.js";
import type { ReadFrom, ReadItem } from "./cursor.js";

export interface ReadOptions {
  /** Where reading begins. Default: `"now"`. */
  readonly from?: ReadFrom | undefined;
  /** Ends the reading; the loop then just ends. */
  readonly signal?: AbortSignal | undefined;
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

/**
 * One channel as a client sees it.
 *
 * `Data` is what its readers get, `Sent` what can be published; `State` what is seen of a member, `Joined` what a
 * member gives. A schema that transforms makes them differ.
 */
export interface Channel<Data, Sent, State, Joined> {
  readonly name: string;

  /**
   * Publish a message; resolves with its place in the log. While there is no connection it waits for the next one.
   *
   * Rejects with what the server refused it for (`policy/denied`, `message/invalid`, `message/rejected` …), with
   * `message/too-large`, `publish/too-many`, or with `publish/unknown-fate` when the connection was cut before the
   * receipt: then the message may be in the log, and publishing it again can make two of it.
   */
  publish(data: Sent): Promise<Receipt>;

  /**
   * Read the messages, in the log's order, each once. Cut connections are made up for.
   *
   * An item of the type `gap` says that messages are lost to this reader, before the next one comes. Where the server
   * refuses the reading (`policy/denied`, `channel/unknown` …), or ends it, the loop throws its error. Leaving the loop
   * ends the reading. A reader that is slow finds the messages in the log when it has caught up.
   *
   * @throws BusbarError `subscription/invalid-from`; `subscription/in-use` while this bus reads the channel already.
   */
  messages(options?: ReadOptions): AsyncIterableIterator<ReadItem<Data>, undefined>;

  /**
   * Watch who is there: each item is everybody, in the order in which they came. What changes while the loop is busy
   * comes in one item. With `state` this client is one of them, until the loop is left.
   *
   * @throws BusbarError `subscription/in-use` when `state` is given and this bus has joined the channel already.
   */
  presence(options?: PresenceOptions<Joined>): AsyncIterableIterator<readonly Member<State>[], undefined>;
}
