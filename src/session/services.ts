import type { Authenticator } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import type { Contract } from "../contract/contract.js";
import type { Hub } from "../hub/hub.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import type { CallTable } from "./call-handler.js";
import type { SessionLimits } from "./limits.js";
import type { CloseKind } from "../wire/close-codes.js";
import type { Outbox } from "./outbox.js";
import type { PushEncoder } from "./push-encoder.js";
import type { SessionRegistry } from "./session-registry.js";

/** What all sessions of a server share. */
export interface SessionServices {
  readonly contract: Contract;
  readonly hub: Hub;
  readonly pipeline: Pipeline<Principal>;
  /** Asked with what a client says in its `hello`. */
  readonly authenticate: Authenticator;
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
  /** The name of its memberships, which the others see. */
  readonly member: string;
  /** Names it as a producer of messages; undefined where it did not say which client it is. */
  readonly producer: string | undefined;
  readonly outbox: Outbox;
  /** End the session and its connection. */
  readonly close: (kind: CloseKind) => void;
  /** Whether the session is over: what takes time has to look before it adds something. */
  readonly isOver: () => boolean;
}
