import type { AuditEvent } from "../auth/audit-event.js";
import type { AuditSink } from "../auth/audit-trail.js";
import type { Rulebook } from "../auth/rulebook.js";
import type { Contract } from "../contract/contract.js";
import { BusbarError } from "../kernel/errors.js";
import { isChannelName } from "../wire/channel-name.js";

/** Where the audit trail goes, beside `server.audit.recent()`. */
export interface AuditOptions {
  /**
   * A channel of the contract that the server publishes each event to. Only roles of `readers`, and those that inherit from
   * them, may subscribe to it, and nobody may publish; the server does not start otherwise, and takes no policy that says
   * otherwise.
   */
  readonly channel?: string;
  /** The roles of operators. Default: `["operator"]`. */
  readonly readers?: readonly string[];
  /** Takes each event, in its order. What it throws or rejects with is logged. */
  readonly sink?: AuditSink;
}

/** Publishes as the server. */
export type PublishAudit = (channel: string, event: AuditEvent) => Promise<unknown>;

/**
 * Check that an audit trail's channel is there, for operators alone.
 *
 * @throws BusbarError `server/audit-channel`.
 */
export function requireAuditChannel(
  app: Contract,
  { channel, readers = ["operator"] }: AuditOptions,
  rulebook: Pick<Rulebook, "rolesThat">,
): void {
  if (channel === undefined) return;
  const refuse = (why: string): never => {
    throw new BusbarError("server/audit-channel", `the audit trail cannot go to ${channel}: ${why}`);
  };
  const match = isChannelName(channel) ? app.match(channel) : undefined;
  if (match === undefined) return refuse("the contract has no such channel");
  // Who inherits from operators is one.
  const others = rulebook.rolesThat("subscribe", match.pattern, readers);
  if (others.length > 0) return refuse(`${others.join(", ")} may subscribe, and ${readers.join(", ")} alone should`);
  const publish = rulebook.rolesThat("publish", match.pattern);
  if (publish.length > 0) return refuse(`${publish.join(", ")} may publish, and nobody but the server should`);
}

/** Where each event goes. */
export function auditSinks({ channel, sink }: AuditOptions, publish: PublishAudit): readonly AuditSink[] {
  const toChannel: AuditSink[] = [];
  if (channel !== undefined) {
    toChannel.push(async (event) => {
      await publish(channel, event);
    });
  }
  return sink === undefined ? toChannel : [...toChannel, sink];
}
