/** A close code of busbar's own, with the reason that is sent along. */
export interface CloseKind {
  readonly code: number;
  /** At most 123 bytes of UTF-8 (RFC 6455, 5.5.1). */
  readonly reason: string;
}

export type CloseName =
  | "normal"
  | "internalError"
  | "restart"
  | "overload"
  | "noHello"
  | "refused"
  | "tooManyRefusals"
  | "wrongSubprotocol"
  | "replaced"
  | "revoked"
  | "loggedOut"
  | "keepalive"
  | "credentialsExpired"
  | "tooSlow"
  | "changed";

/** How a busbar server ends a connection. `docs/protocol.md` lists the same. */
export const closeKinds: Readonly<Record<CloseName, CloseKind>> = {
  normal: { code: 1000, reason: "" },
  internalError: { code: 1011, reason: "a defect in the server; its log has the details" },
  restart: { code: 1012, reason: "the server stops; come back later" },
  overload: { code: 1013, reason: "too much waits for this connection" },
  noHello: { code: 4001, reason: "no hello in time" },
  refused: { code: 4002, reason: "the credentials identify nobody" },
  tooManyRefusals: { code: 4003, reason: "too many malformed or refused commands" },
  wrongSubprotocol: { code: 4004, reason: "the connection does not speak busbar.v1" },
  replaced: { code: 4005, reason: "another connection of this client took over" },
  revoked: { code: 4006, reason: "the credentials were revoked" },
  loggedOut: { code: 4007, reason: "logged out" },
  keepalive: { code: 4500, reason: "the keepalive went unanswered" },
  credentialsExpired: { code: 4501, reason: "the credentials have expired" },
  tooSlow: { code: 4502, reason: "the connection takes messages too slowly" },
  changed: { code: 4503, reason: "what is known of this client has changed; come back" },
};

/** Codes of RFC 6455, 7.4.1 and its registry that say nothing against coming back; 1005 and 1006 are "none was sent". */
const passingCodes: ReadonlySet<number> = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);

/** Whether a client whose connection ended with this code connects again by itself. */
export function comesBack(code: number): boolean {
  return passingCodes.has(code) || (code >= 4500 && code <= 4999);
}
