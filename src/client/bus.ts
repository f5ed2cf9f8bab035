import type { Contract } from "../contract/contract.js";
import type {
  CallAnswerOf,
  CallInputOf,
  CallName,
  CallOutputOf,
  CallRefusalOf,
  CallSentOf,
  ChannelName,
  ClientCallName,
  JoinOf,
  MessageOf,
  PresenceOf,
  PublishOf,
  RejectionOf,
} from "../contract/types.js";
import { BusbarError } from "../kernel/errors.js";
import { randomHex } from "../kernel/random-hex.js";
import { isChannelName } from "../wire/channel-name.js";
import { wireError } from "../wire/errors.js";
import type { HelloOk, Push } from "../wire/messages.js";
import { whenAborted } from "./abort.js";
import { Calls, type Call, type CallOptions, type HandlerContext, type Refusal } from "./calls.js";
import type { Channel, Presence, PresenceOptions, ReadOptions, SubscribeOptions } from "./channel.js";
import { Connection, type BusState, type StateChange } from "./connection.js";
import { checkAgainst } from "./contract-check.js";
import { contractComparison } from "./contract-comparison.js";
import { subscribeFrom, type Gap, type Message } from "./cursor.js";
import { jsonEncoder } from "./encoder.js";
import { clientError } from "./errors.js";
import { Feed } from "./feed.js";
import { Follows, type Processed, type StageListener } from "./follows.js";
import type { Inbox } from "./inbox.js";
import { Listeners } from "./listeners.js";
import { settingsOf, type BusOptions, type BusSettings } from "./options.js";
import { Pace } from "./pace.js";
import type { ClientPorts } from "./ports.js";
import { isRejection, Publisher } from "./publisher.js";
import { resumeAll } from "./resumption.js";

/** A client's name over all of its connections: nobody may guess it (docs/protocol.md, who the client is). */
const CLIENT_ID_BYTES = 16;

/** Who the server says this client is. */
export type Principal = HelloOk["principal"];

export interface BusEvents {
  /** A connection is ready: the first one, and each that takes the place of a cut one. */
  readonly open: { readonly principal: Principal };
  /** A message of any channel that is being read. */
  readonly message: Message<unknown> & { readonly channel: string };
  /** Lost messages of any channel that is being read, at once; the next message of the channel has it too. */
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
  /**
   * Have the server carry out a call. While there is no connection it waits for the next one, until its deadline.
   *
   * Rejects with a BusbarError: `call/refused` (with its `reason`), `call/invalid`, `call/failed`, `call/deadline`,
   * `call/no-handler`, `policy/denied`; `call/unknown-fate` where the connection was cut before the answer; or with the
   * signal's reason. `result()` tells the same with types.
   */
  call<const Name extends CallName<App>>(
    name: Name,
    input: CallSentOf<App, Name>,
    options?: CallOptions,
  ): Call<CallOutputOf<App, Name>, CallRefusalOf<App, Name>>;
  /**
   * Follow a message that was accepted, by its id, over all connections. Resolves and rejects like its receipt's
   * `processed`. Each stage goes to the listener; after a cut, the one that the message is at then; and behind `dead` what
   * an operator makes of it.
   */
  follow(message: string, listener?: StageListener): Promise<Processed>;
  /** Carry out the calls of this name that the server makes, on every connection; returns the function that ends it. */
  handle<const Name extends ClientCallName<App>>(name: Name, handler: ClientHandler<App, Name>): () => void;
  /** Call `listener` for each event of this name; returns the function that ends it. */
  on<Name extends keyof BusEvents>(name: Name, listener: (event: BusEvents[Name]) => void): () => void;
  /** End it for good: loops end, and what was not published yet rejects with `connection/closed`. */
  close(): void;
}

/** Carries out a call that the contract has clients handle. What it throws is told the server as `call/failed`. */
export type ClientHandler<App, Name extends string> = (
  input: CallInputOf<App, Name>,
  context: HandlerContext<CallRefusalOf<App, Name>>,
) => ClientOutcome<App, Name> | Promise<ClientOutcome<App, Name>>;

type ClientOutcome<App, Name extends string> = CallAnswerOf<App, Name> | Refusal;

/** A channel of the contract `App`. */
export type ChannelOf<App, Name extends string> = Channel<
  MessageOf<App, Name>,
  PublishOf<App, Name>,
  PresenceOf<App, Name>,
  JoinOf<App, Name>,
  RejectionOf<App, Name>
>;

type AnyChannel = Channel<unknown, unknown, unknown, unknown, unknown>;

/** The bus of any contract. The types of the channels are put on top of it. */
export class BusCore {
  readonly #settings: BusSettings;
  readonly #ports: ClientPorts;
  readonly #connection: Connection;
  readonly #publisher: Publisher;
  readonly #calls: Calls;
  readonly #follows: Follows;
  readonly #compareContract: ((hello: HelloOk) => void) | undefined;
  readonly #listeners: Listeners<BusEvents>;
  readonly #feeds = new Map<string, Feed>();
  readonly #forgetSignal: () => void = () => {};
  #principal: Principal | undefined;
  #end: { readonly error: BusbarError | undefined } | undefined;

  constructor(url: string, options: BusOptions, ports: ClientPorts) {
    const settings = settingsOf(options);
    const { contract } = settings;
    this.#settings = settings;
    this.#ports = ports;
    this.#listeners = new Listeners(ports.reportDefect);
    const onError = (error: BusbarError): void => this.#listeners.emit("error", error);
    const connection = new Connection({
      url,
      settings,
      encoder: jsonEncoder,
      ports,
      introduction: {
        client: randomHex(ports.random, CLIENT_ID_BYTES),
        ...(contract !== undefined && { contract: contract.fingerprint }),
      },
      listener: {
        stateChanged: (change) => this.#listeners.emit("state", change),
        connectionReady: () => this.#connectionReady(),
        connectionOpened: (hello) => this.#connectionOpened(hello),
        connectionLost: () => this.#connectionLost(),
        connectionEnded: (error) => this.#connectionEnded(error),
        pushReceived: (push) => this.#pushReceived(push),
        errorReported: onError,
      },
    });
    this.#connection = connection;
    const check = contract && checkAgainst(contract);
    const pace = new Pace(settings.publishCommandsPerSecond, ports.clock.now());
    this.#follows = new Follows({ connection, pace, ...ports });
    const follow = this.follow.bind(this);
    this.#publisher = new Publisher({ connection, settings, encoder: jsonEncoder, check, follow, pace, ...ports });
    this.#calls = new Calls({ connection, ...ports });
    this.#compareContract = contract && contractComparison({ parts: contract.parts, connection, onError });
    this.#forgetSignal = whenAborted(settings.signal, () => this.close());
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
      publish: (data, options) => this.#publisher.publish(name, data, options),
      publishAll: (messages, options) => this.#publisher.publishAll(name, messages, options),
      messages: (options) => this.#read(name, options),
      subscribe: (listener, options) => this.#subscribe(name, listener, options),
      presence: (options) => this.#watch(name, options),
      isRejection,
    };
  }

  call(name: string, input: unknown, options?: CallOptions): Call<unknown, unknown> {
    return this.#calls.call(name, input, options);
  }

  follow(message: string, listener?: StageListener): Promise<Processed> {
    return this.#follows.follow(message, listener);
  }

  handle(name: string, handler: (input: unknown, context: HandlerContext<unknown>) => unknown): () => void {
    return this.#calls.handle(name, handler);
  }

  on<Name extends keyof BusEvents>(name: Name, listener: (event: BusEvents[Name]) => void): () => void {
    return this.#listeners.add(name, listener);
  }

  close(): void {
    this.#connection.close();
  }

  #read(name: string, options: ReadOptions = {}): Inbox<Message<unknown>> {
    const from = subscribeFrom(options.from ?? "now");
    const { policy: kind = "all", key } = options;
    const policy = kind === "latest" && key !== undefined ? { kind, key } : { kind };
    return this.#begun(this.#feed(name).read(from, policy), options.signal);
  }

  #subscribe(
    name: string,
    listener: (message: Message<unknown>) => void | Promise<void>,
    options: SubscribeOptions = {},
  ): () => void {
    const messages = this.#read(name, options);
    const listen = async (): Promise<void> => {
      for await (const message of messages) {
        try {
          await listener(message);
        } catch (error) {
          this.#ports.reportDefect(error);
        }
      }
    };
    listen().catch((error: unknown) => {
      const refusal = error instanceof BusbarError ? error : clientError("connection/ended", { cause: error });
      if (options.onError === undefined) this.#listeners.emit("error", refusal);
      else options.onError(refusal);
    });
    return () => messages.stop();
  }

  #watch(name: string, options: PresenceOptions<unknown> = {}): Presence<unknown, unknown> {
    const member = options.state === undefined ? undefined : { state: options.state };
    const feed = this.#feed(name);
    const watcher = this.#begun(feed.watch(member), options.signal);
    return Object.assign(watcher, { update: (state: unknown) => feed.update(watcher, state) });
  }

  /** What begins after the end of the bus ends like all that was there before. */
  #begun<Item>(inbox: Inbox<Item>, signal: AbortSignal | undefined): Inbox<Item> {
    if (this.#end !== undefined) inbox.end(this.#end.error);
    inbox.endWith(signal);
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
      onMessage: (message) => this.#listeners.emit("message", { ...message, channel: name }),
      onGap: (gap) => this.#listeners.emit("gap", { ...gap, channel: name }),
      onIdle: () => this.#feeds.delete(name),
    });
    if (this.#end === undefined) this.#feeds.set(name, feed);
    return feed;
  }

  /** All that a new connection needs leaves at once, right behind `hello`. */
  #connectionReady(): void {
    // In this order the first list of who is there has this client in it.
    this.#eachFeed((feed) => feed.connectionReady());
    resumeAll(this.#feeds.values(), this.#connection, this.#settings.commandBytesMax);
    this.#publisher.connectionReady();
    this.#calls.connectionReady();
    this.#follows.connectionReady();
  }

  #connectionLost(): void {
    this.#eachFeed((feed) => feed.connectionLost());
    this.#calls.connectionLost();
  }

  #connectionOpened(hello: HelloOk): void {
    this.#principal = hello.principal;
    this.#compareContract?.(hello);
    this.#listeners.emit("open", { principal: hello.principal });
  }

  #pushReceived(push: Push): void {
    switch (push.push) {
      case "message":
      case "gap":
      case "presence":
      case "unsubscribed":
        return this.#feeds.get(push.channel)?.pushReceived(push);
      case "call":
      case "cancel":
        return this.#calls.pushReceived(push);
      case "stage":
        return this.#follows.pushReceived(push);
      case "goodbye":
    }
  }

  #connectionEnded(error: BusbarError | undefined): void {
    this.#end = { error };
    this.#forgetSignal();
    this.#eachFeed((feed) => feed.end(error));
    this.#feeds.clear();
    const reason = error ?? clientError("connection/closed");
    this.#publisher.end(reason);
    this.#calls.end(reason);
    this.#follows.end(reason);
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
