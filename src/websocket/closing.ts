import type { Clock, Timer, Turns } from "../kernel/clock.js";
import { closeCodes } from "../protocol/close-code.js";
import type { Connection, Role } from "../protocol/connection.js";
import type { ProtocolError } from "../protocol/errors.js";
import type { Inbox } from "./inbox.js";
import type { Outbox } from "./outbox.js";
import type { Transport } from "./ports.js";
import type { Sender } from "./sender.js";

/** How a connection ended. */
export interface CloseInfo {
  /**
   * The peer's close code; 1005 for a close frame without one; 1006 for an end without a close frame. Where the peer
   * broke a rule, the code that we closed with.
   */
  readonly code: number;
  /** The peer's reason, or the code of the error that we closed with. */
  readonly reason: string;
  /** Whether both sides sent a close frame and the peer broke no rule. */
  readonly wasClean: boolean;
}

export interface ClosingOptions {
  readonly role: Role;
  readonly connection: Connection;
  readonly transport: Transport;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly turns: Turns;
  /** How long closing may take, from its first step to the transport's end. */
  readonly closeTimeoutMs: number;
  /** Told at each step of the closing. */
  closingStep(): void;
}

interface CloseFrame {
  readonly code: number | undefined;
  readonly reason: string;
}

/** How a connection ends unless something is said (RFC 6455, 7.1.5). */
const notClosed: CloseInfo = { code: closeCodes.abnormal, reason: "", wasClean: false };

/** Brings one connection to its end (RFC 6455, 7): the close handshake from either side, then the transport's. */
export class Closing {
  readonly #options: ClosingOptions;
  #info = notClosed;
  #timer: Timer | undefined;
  #hasPeerEnded = false;
  #isOver = false;

  constructor(options: ClosingOptions) {
    this.#options = options;
  }

  /** How the connection ended, as far as is known. */
  get info(): CloseInfo {
    return this.#info;
  }

  /** Send our close frame behind what waits; does nothing when one is on its way. */
  close({ code, reason }: CloseFrame): void {
    this.#options.sender.close(code, reason);
    this.#options.inbox.end();
    this.#step();
  }

  /** The peer's close frame came: answer with its own code (RFC 6455, 5.5.1). */
  closeReceived(code: number, reason: string): void {
    this.#info = { code, reason, wasClean: true };
    this.#answer({ code: code === closeCodes.noStatus ? undefined : code, reason: "" });
  }

  /** The peer broke a rule: fail the connection (RFC 6455, 7.1.7). */
  peerFailed(error: ProtocolError): void {
    this.#info = { code: error.closeCode, reason: error.code, wasClean: false };
    this.#answer({ code: error.closeCode, reason: error.code });
  }

  /** Our close frame is on its way. When the peer's has come, the server ends the transport first (RFC 6455, 7.1.1). */
  closeSent(): void {
    if (this.#options.connection.state !== "closed") return;
    const isServersTurn = this.#options.role === "client" && this.#info.wasClean;
    if (!isServersTurn || this.#hasPeerEnded) this.#end();
  }

  /** The peer ended its direction of the transport. */
  peerEnded(): void {
    this.#hasPeerEnded = true;
    this.#step();
    this.endAfterPeer();
  }

  /** An end without a close frame ends the connection, too (RFC 6455, 7.1.5), once all that came before it was read. */
  endAfterPeer(): void {
    const { isInflating, state } = this.#options.connection;
    if (!this.#hasPeerEnded || isInflating || state === "answering") return;
    this.#end();
    this.#stopConnection();
  }

  /** Drop the transport at once; nothing more is sent or read. */
  drop(): void {
    this.#stopConnection();
    this.#options.transport.destroy();
  }

  /** The transport is gone. */
  over(): void {
    this.#isOver = true;
    this.#stopConnection();
    this.#timer?.cancel();
  }

  /** Close behind the answers to what came before; where our close frame has been sent already, the end is left. */
  #answer(frame: CloseFrame): void {
    const { connection, outbox, turns } = this.#options;
    if (connection.state === "closed") return this.closeSent();
    this.#step();
    outbox.hold();
    turns.atEndOfTurn(() => this.#closeWhenAnswered(frame, Number.POSITIVE_INFINITY));
  }

  /**
   * Close in one write with this turn's answers, unless messages are left. Then an application that takes the next one
   * when its answer was handed over has the time to do so, from turn to turn, as long as it does.
   *
   * @param unanswered how many messages nobody had taken when this was looked at before.
   */
  #closeWhenAnswered(frame: CloseFrame, unanswered: number): void {
    const { inbox, outbox, turns } = this.#options;
    const left = inbox.length;
    const isAnswering = left > 0 && left < unanswered;
    if (!isAnswering) this.close(frame);
    outbox.release();
    if (!isAnswering) return;
    outbox.handedOver().then(
      () => turns.atEndOfTurn(() => this.#closeWhenAnswered(frame, left)),
      () => {},
    );
  }

  /** End our direction behind what was sent; the peer's end, or the timer, does the rest. */
  #end(): void {
    const { outbox, transport } = this.#options;
    outbox.handedOver().then(
      () => transport.end(),
      () => {},
    );
  }

  /** The first step of the closing starts its timer. */
  #step(): void {
    if (this.#isOver) return;
    this.#timer ??= this.#options.clock.schedule(this.#options.closeTimeoutMs, () => this.drop());
    this.#options.closingStep();
  }

  /** A close frame that was not answered was none of a clean end. */
  #stopConnection(): void {
    const { connection } = this.#options;
    if (connection.state === "answering") this.#info = { ...this.#info, wasClean: false };
    connection.transportEnded();
  }
}
