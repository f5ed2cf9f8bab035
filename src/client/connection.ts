import type { Timer } from "../kernel/clock.js";
import type { BusbarError } from "../kernel/errors.js";
import type { Command, HelloOk, Push } from "../wire/messages.js";
import { Backoff } from "./backoff.js";
import type { Encoder } from "./encoder.js";
import { clientError } from "./errors.js";
import { Link, type CommandMaker, type LinkEnd } from "./link.js";
import type { BusSettings } from "./options.js";
import type { ClientPorts, SurroundingsEvent } from "./ports.js";
import type { Outcome } from "./request-table.js";
import { SleepWatch } from "./sleep-watch.js";

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

export interface ConnectionListener {
  stateChanged(change: StateChange): void;
  /** A link is ready for commands. */
  connectionReady(hello: HelloOk): void;
  pushReceived(push: Push): void;
  /** The link is gone; another one comes by itself. */
  connectionLost(error: BusbarError): void;
  /** No link comes any more. Without an error: the application closed it. */
  connectionEnded(error: BusbarError | undefined): void;
  errorReported(error: BusbarError): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly settings: BusSettings;
  readonly encoder: Encoder;
  readonly ports: ClientPorts;
  readonly listener: ConnectionListener;
}

/** A link that was ready this long was a good one: the delays begin from the first again. */
const GOOD_LINK_MS = 10_000;

/** One link after the other to the same server. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  readonly #sleepWatch: SleepWatch;
  readonly #unwatch: () => void;
  #state: BusState = "connecting";
  #link: Link | undefined;
  #wasOpen = false;
  #openedAtMs = 0;
  #retryTimer: Timer | undefined;
  /** The server chose the delay: nothing shortens it. */
  #isRetryFixed = false;

  /** Begins the first attempt. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { ports, settings } = options;
    this.#backoff = new Backoff(settings, ports.random);
    this.#sleepWatch = new SleepWatch(ports.clock, () => this.#dropLink("the machine was asleep"));
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
   * Send a command while `isReady`.
   *
   * @throws BusbarError when the command cannot be encoded; then nothing was sent.
   */
  request<Do extends Command["do"]>(make: CommandMaker<Do>, onOutcome: (outcome: Outcome<Do>) => void): void {
    if (this.#link?.isReady === true) this.#link.request(make, onOutcome);
    else onOutcome({ kind: "lost" });
  }

  /** End it for good. Does nothing the second time. */
  close(): void {
    this.#endForGood(undefined);
  }

  #newLink(): Link {
    const { url, settings, encoder, ports, listener } = this.#options;
    return new Link({
      url,
      settings,
      encoder,
      sockets: ports.sockets,
      clock: ports.clock,
      listener: {
        linkReady: (hello) => this.#linkReady(hello),
        linkPushed: (push) => listener.pushReceived(push),
        linkReported: (error) => listener.errorReported(error),
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

  #linkReady(hello: HelloOk): void {
    const { clock } = this.#options.ports;
    this.#wasOpen = true;
    this.#openedAtMs = clock.now();
    this.#sleepWatch.start();
    this.#state = "open";
    this.#options.listener.connectionReady(hello);
    if (this.isReady) this.#setState({ state: "open" });
  }

  #linkEnded(end: LinkEnd): void {
    if (!end.comesBack) return this.#endForGood(end.error);
    const { ports, listener } = this.#options;
    const wasOpen = this.#state === "open";
    this.#link = undefined;
    this.#sleepWatch.stop();
    if (wasOpen && ports.clock.now() - this.#openedAtMs >= GOOD_LINK_MS) this.#backoff.reset();
    const retryInMs = end.retryAfterMs ?? this.#backoff.nextDelayMs();
    this.#isRetryFixed = end.retryAfterMs !== undefined;
    this.#retryTimer = ports.clock.schedule(retryInMs, () => this.#attempt());
    if (wasOpen) listener.connectionLost(end.error);
    this.#setState({ state: "offline", retryInMs, error: end.error });
  }

  #dropLink(why: string): void {
    if (this.#link === undefined) return;
    this.#link.close();
    this.#linkEnded({
      error: clientError("connection/lost", { message: why }),
      comesBack: true,
      retryAfterMs: undefined,
    });
  }

  #surroundingsChanged(event: SurroundingsEvent): void {
    switch (event) {
      case "gone":
        return this.#dropLink("the network or the page is gone");
      case "back":
        if (this.#retryTimer !== undefined && !this.#isRetryFixed) this.#attempt();
    }
  }

  #endForGood(error: BusbarError | undefined): void {
    if (this.#state === "closed") return;
    this.#link?.close();
    this.#link = undefined;
    this.#retryTimer?.cancel();
    this.#sleepWatch.stop();
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
