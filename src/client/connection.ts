import type { Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import type { Command, HelloOk } from "../wire/messages.js";
import { Backoff } from "./backoff.js";
import type { Encoder } from "./encoder.js";
import { clientError } from "./errors.js";
import { comingBackCode, Link, type LinkEnd, type LinkNews, type LinkOptions } from "./link.js";
import type { BusSettings } from "./options.js";
import type { ClientPorts, SurroundingsEvent } from "./ports.js";
import type { Outcome, Question } from "./request-table.js";

/**
 * How a bus is doing.
 *
 * `connecting`: the first attempts. `open`: the server answered. `offline`: the connection was cut, or an attempt
 * failed, and the next one waits for its time. `resuming`: another attempt after the bus was open before. `closed`:
 * over for good.
 */
export type BusState = "connecting" | "open" | "resuming" | "offline" | "closed";

export interface StateChange {
  readonly state: BusState;
  /** While `offline`: how long until the next attempt. */
  readonly retryInMs?: number;
  /** What led to `offline` or `closed`. */
  readonly error?: BusbarError;
}

export interface ConnectionListener extends LinkNews {
  stateChanged(change: StateChange): void;
  /** The link that was ready is gone; another one comes by itself. */
  connectionLost(error: BusbarError): void;
  /** No link comes any more. Without an error: the application closed it. */
  connectionEnded(error: BusbarError | undefined): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly settings: BusSettings;
  readonly encoder: Encoder;
  readonly ports: ClientPorts;
  /** Its own functions are called, each by itself. */
  readonly listener: Readonly<ConnectionListener>;
  readonly introduction: LinkOptions["introduction"];
}

/** A link that was ready this long was a good one: the delays begin from the first again. */
const GOOD_LINK_MS = 10_000;

/** One link after the other to the same server. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  readonly #unwatch: () => void;
  #state: BusState = "connecting";
  #link: Link | undefined;
  #wasOpen = false;
  #openedAtMs = 0;
  #retryTimer: Timer | undefined;
  /** The server chose the delay: nothing shortens it. */
  #isRetryFixed = false;
  #isReachable = true;
  #isSeen = true;

  /** Begins the first attempt. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { ports, settings } = options;
    this.#backoff = new Backoff(settings, ports.random);
    this.#unwatch = ports.surroundings.watch((event) => this.#surroundingsChanged(event));
    this.#link = this.#newLink();
  }

  get state(): BusState {
    return this.#state;
  }

  get isReady(): boolean {
    return this.#link?.isReady === true;
  }

  /**
   * Send a command while `isReady`. Returns its id, where it was sent.
   *
   * @throws BusbarError when the command cannot be encoded; then nothing was sent.
   */
  request<Do extends Command["do"]>(
    question: Question<Do>,
    onOutcome: (outcome: Outcome<Do>) => void,
  ): number | undefined {
    if (this.#link?.isReady === true) return this.#link.request(question, onOutcome);
    onOutcome({ kind: "lost" });
    return undefined;
  }

  /** End it for good. Does nothing the second time. */
  close(): void {
    this.#endForGood(undefined);
  }

  #newLink(): Link {
    const { listener, ...options } = this.#options;
    return new Link({
      ...options,
      listener: {
        ...listener,
        connectionOpened: (hello) => this.#linkOpened(hello),
        linkEnded: (end) => this.#linkEnded(end),
      },
    });
  }

  #attempt(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#link = this.#newLink();
    this.#setState({ state: this.#wasOpen ? "resuming" : "connecting" });
  }

  #linkOpened(hello: HelloOk): void {
    this.#wasOpen = true;
    this.#openedAtMs = this.#options.ports.clock.now();
    this.#state = "open";
    this.#options.listener.connectionOpened(hello);
    if (this.isReady) this.#setState({ state: "open" });
  }

  #linkEnded(end: LinkEnd): void {
    if (!end.comesBack) return this.#endForGood(end.error);
    const { ports, listener } = this.#options;
    const wasGood = this.#state === "open" && ports.clock.now() - this.#openedAtMs >= GOOD_LINK_MS;
    this.#link = undefined;
    if (wasGood) this.#backoff.reset();
    const retryInMs = end.retryAfterMs ?? this.#delayMs();
    this.#isRetryFixed = end.retryAfterMs !== undefined;
    this.#retryTimer = ports.clock.schedule(retryInMs, () => this.#attempt());
    listener.connectionLost(end.error);
    this.#setState({ state: "offline", retryInMs, error: end.error });
  }

  /** A page that nobody looks at, or without a network, tries seldom: what changes that brings it back at once. */
  #delayMs(): number {
    return this.#isSeen && this.#isReachable ? this.#backoff.nextDelayMs() : this.#backoff.longDelayMs();
  }

  #dropLink(code: number): void {
    if (this.#link === undefined) return;
    this.#link.close(code);
    this.#linkEnded({
      error: clientError("connection/lost"),
      comesBack: true,
    });
  }

  #surroundingsChanged(event: SurroundingsEvent): void {
    switch (event) {
      case "offline":
        this.#isReachable = false;
        return this.#dropLink(comingBackCode);
      case "left":
        this.#isReachable = false;
        return this.#dropLink(1000);
      case "hidden":
        this.#isSeen = false;
        return;
      case "online":
      case "returned":
        this.#isReachable = true;
        return this.#hurry();
      case "visible":
        this.#isSeen = true;
        return this.#hurry();
    }
  }

  /** Try at once, or see whether the connection is still there. */
  #hurry(): void {
    if (this.#retryTimer === undefined) this.#link?.check();
    else if (!this.#isRetryFixed) this.#attempt();
  }

  #endForGood(error: BusbarError | undefined): void {
    if (this.#state === "closed") return;
    this.#link?.close(1000);
    this.#link = undefined;
    this.#retryTimer?.cancel();
    this.#unwatch();
    // First of all, so that a listener who closes it too does nothing.
    this.#state = "closed";
    this.#options.listener.connectionEnded(error);
    this.#setState(error === undefined ? { state: "closed" } : { state: "closed", error });
  }

  #setState(change: StateChange): void {
    this.#state = change.state;
    this.#options.listener.stateChanged(change);
  }
}
