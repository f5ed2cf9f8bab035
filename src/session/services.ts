import type { Access } from "../auth/access.js";
import type { AuditRecorder } from "../auth/audit-event.js";
import type { Authenticator } from "../auth/authenticator.js";
import type { Authority } from "../auth/authority.js";
import type { Principal } from "../auth/principal.js";
import type { Revocations } from "../auth/revocations.js";
import type { Contract } from "../contract/contract.js";
import type { Hub } from "../hub/hub.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import type { CallTable } from "./call-handler.js";
import type { SessionLimits } from "./limits.js";
import type { CloseKind } from "../wire/close-codes.js";
import type { Stage } from "../wire/messages.js";
import type { LiveMarks } from "./live-marks.js";
import type { Outbox } from "./outbox.js";
import type { PushEncoder } from "./push-encoder.js";
import type { SessionRegistry } from "./session-registry.js";
import type { WallClockWatch } from "./wall-clock-watch.js";

/** Messages on their way through the pipeline. */
export interface FollowableMessages {
  /**
   * Be told of each stage of a message, of the one that it is at first; resolves with what ends that. `mayFollow` is
   * asked with its publisher's principal id and its channel.
   *
   * Rejects with `message/unknown` where there is no such message, or `mayFollow` says no.
   */
  follow(
    id: string,
    listener: (stage: Stage) => void,
    mayFollow: (message: { readonly from: string; readonly channel: string }) => boolean,
  ): Promise<() => void>;
}

/** What all sessions of a server share. */
export interface SessionServices {
  readonly contract: Contract;
  readonly hub: Hub;
  readonly pipeline: Pipeline<Principal>;
  readonly messages: FollowableMessages;
  /** Asked with what a client says in its `hello`. */
  readonly authenticate: Authenticator;
  /** Who is not let in any more, whatever the authenticator says. */
  readonly revocations: Pick<Revocations, "isRevoked">;
  /** Who may do what. */
  readonly authority: Authority;
  /** From where on clients could read that may not read history. */
  readonly marks: LiveMarks;
  /** Takes who was let in, refused, denied something. */
  readonly audit: AuditRecorder;
  readonly wallClock: WallClockWatch;
  readonly pushes: PushEncoder;
  /** Who carries calls out. */
  readonly calls: CallTable;
  /** The living sessions, so that a client has only one. */
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: SessionLimits;
}

/** A session of which it is known who it is, as its parts see it. */
export interface Attendee {
  readonly services: SessionServices;
  /** Who it is now: a refresh changes it. */
  readonly principal: Principal;
  /** What it may do: decided once for each question. */
  readonly access: Access;
  /** Names the session, as in the logs. */
  readonly session: string;
  /** The name of its memberships, which the others see. */
  readonly member: string;
  /** Names it as a producer of messages; undefined where it did not say which client it is. */
  readonly producer: string | undefined;
  readonly outbox: Outbox;
  /** Whether the session is over: what takes time has to look before it adds something. */
  readonly isOver: boolean;
  /** End the session and its connection. */
  close(kind: CloseKind): void;
}
