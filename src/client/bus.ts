import type { Contract } from "../contract/contract.js";
import type { ChannelName, JoinOf, MessageOf, PresenceOf, PublishOf } from "../contract/types.js";
import type { BusbarError } from "../kernel/errors.js";
import { isChannelName } from "../wire/channel-name.js";
import { wireError } from "../wire/errors.js";
import type { HelloOk, Push } from "../wire/messages.js";
import type { Channel, Member, PresenceOptions, ReadOptions } from "./channel.js";
import { Connection, type BusState, type StateChange } from "./connection.js";
import { subscribeFrom, type Gap, type Message, type ReadItem } from "./cursor.js";
import { jsonEncoder } from "./encoder.js";
import { clientError } from "./errors.js";
import { Feed } from "./feed.js";
import type { Inbox } from "./inbox.js";
import { Listeners } from "./listeners.js";
import { settingsOf, type BusOptions, type BusSettings } from "./options.js";
import type { ClientPorts } from "./ports.js";
import { Publisher, type Receipt } from "./publisher.js";

/** Who the server says this client is. */
export type Principal = HelloOk["principal"];

export interface BusEvents {
  /** A connection is ready: the first one, and each that takes the place of a cut one. */
  readonly open: { readonly principal: Principal };
  /** A message of any channel that is being read. */
  readonly message: Message<unknown> & { readonly channel: string };
  /** Lost messages of any channel that is being read. */
  readonly gap: Gap & { readonly channel: string };
  /** What went wrong and belongs to no call. The bus goes on. */
  readonly error: BusbarError;
  /** The bus is over. With an error: the server will not have this client back. */
  readonly close: { readonly error: BusbarError | undefined };
  readonly state: StateChange;
}

/** A client's one connection to a server and all of its channels. It comes back by itself when it was cut. */
export interface Bus<App extends Contract> {
  readonly state: BusState;
  /** Undefined until the server has answered for the first time. */
  readonly principal: Principal | undefined;
  /** @throws BusbarError `channel/invalid-name` */
  channel<const Name extends ChannelName<App>>(name: Name): ChannelOf<App, Name>;
  /** Call `listener` for each event of this name; returns the function that ends it. */
  on<Name extends keyof BusEvents>(name: Name, listener: (event: BusEvents[Name]) => void): () => void;
  /** End it for good: loops end, and publishes that wait reject with `connection/closed`. */
  close(): void;
}

/** A channel of the contract `App`. */
export type ChannelOf<App, Name extends string> = Channel<
  MessageOf<App, Name>,
  PublishOf<App, Name>,
  PresenceOf<App, Name>,
  JoinOf<App, Name>
>;

type AnyChannel = Channel<unknown, unknown, unknown, unknown>;

/** The bus of any contract. The types of the channels are put on top of it. */
export class BusCore {
  readonly #settings: BusSettings;
  readonly #ports: ClientPorts;
  readonly #connection: Connection;
  readonly #publisher: Publisher;
  readonly #listeners: Listeners<BusEvents>;
  readonly #feeds = new Map<string, Feed>();
  #principal: Principal | undefined;
  #end: { readonly error: BusbarError | undefined } | undefined;

  constructor(url: string, options: BusOptions, ports: ClientPorts) {
    this.#settings = settingsOf(options);
    this.#ports = ports;
    this.#listeners = new Listeners(ports.reportDefect);
    this.#connection = new Connection({
      url,
      settings: this.#settings,
      encoder: jsonEncoder,
      ports,
      listener: {
        stateChanged: (change) => this.#listeners.emit("state", change),
        connectionReady: (hello) => this.#connectionReady(hello),
        connectionLost: () => this.#eachFeed((feed) => feed.connectionLost()),
        connectionEnded: (error) => this.#connectionEnded(error),
        pushReceived: (push) => this.#pushReceived(push),
        errorReported: (error) => this.#listeners.emit("error", error),
      },
    });
    this.#publisher = new Publisher(this.#connection, this.#settings.publishesWaitingMax);
  }

  get state(): BusState {
    return this.#connection.state;
  }

  get principal(): Principal | undefined {
    return this.#principal;
  }

  channel(name: string): AnyChannel {
    if (!isChannelName(name)) throw wireError("channel/invalid-name", `"${name}" is no channel name`);
    return {
      name,
      publish: (data): Promise<Receipt> => this.#publisher.publish(name, data),
      messages: (options) => this.#read(name, options),
      presence: (options) => this.#watch(name, options),
    };
  }

  on<Name extends keyof BusEvents>(name: Name, listener: (event: BusEvents[Name]) => void): () => void {
    return this.#listeners.add(name, listener);
  }

  close(): void {
    this.#connection.close();
  }

  #read(name: string, options: ReadOptions = {}): Inbox<ReadItem<unknown>> {
    const from = subscribeFrom(options.from ?? "now");
    return this.#begun(this.#feed(name).read(from), options.signal);
  }

  #watch(name: string, options: PresenceOptions<unknown> = {}): Inbox<readonly Member<unknown>[]> {
    const member = options.state === undefined ? undefined : { state: options.state };
    return this.#begun(this.#feed(name).watch(member), options.signal);
  }

  /** What begins after the end of the bus ends like all that was there before. */
  #begun<Item>(inbox: Inbox<Item>, signal: AbortSignal | undefined): Inbox<Item> {
    if (this.#end?.error !== undefined) inbox.fail(this.#end.error);
    else if (this.#end !== undefined) inbox.finish();
    if (signal !== undefined) inbox.endWith(signal);
    return inbox;
  }

  #feed(name: string): Feed {
    const known = this.#feeds.get(name);
    if (known !== undefined) return known;
    const feed: Feed = new Feed({
      channel: name,
      connection: this.#connection,
      clock: this.#ports.clock,
      messagesWaitingMax: this.#settings.messagesWaitingMax,
      onItem: (item) => {
        if (item.type === "gap") this.#listeners.emit("gap", { ...item, channel: name });
        else this.#listeners.emit("message", { ...item, channel: name });
      },
      onIdle: () => this.#feeds.delete(name),
    });
    if (this.#end === undefined) this.#feeds.set(name, feed);
    return feed;
  }

  #connectionReady(hello: HelloOk): void {
    this.#principal = hello.principal;
    this.#eachFeed((feed) => feed.connectionReady());
    this.#publisher.connectionReady();
    this.#listeners.emit("open", { principal: hello.principal });
  }

  #pushReceived(push: Push): void {
    if (push.push !== "goodbye") this.#feeds.get(push.channel)?.pushReceived(push);
  }

  #connectionEnded(error: BusbarError | undefined): void {
    this.#end = { error };
    this.#eachFeed((feed) => feed.end(error));
    this.#feeds.clear();
    this.#publisher.end(error ?? clientError("connection/closed"));
    this.#listeners.emit("close", { error });
  }

  #eachFeed(task: (feed: Feed) => void): void {
    for (const feed of this.#feeds.values()) task(feed);
  }
}

/** Open a bus over the given ports; what `busbar/client` does with those of a browser or of Node. */
export function openBus<App extends Contract>(url: string, options: BusOptions, ports: ClientPorts): Bus<App> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server holds the messages to the contract
  return new BusCore(url, options, ports) as Bus<App>;
}
