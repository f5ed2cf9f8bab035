import type { AuditEvent } from "../auth/audit-event.js";
import type { AuditSink } from "../auth/audit-trail.js";
import type { Contract } from "../contract/contract.js";
import { BusbarError } from "../kernel/errors.js";
import { isChannelName } from "../wire/channel-name.js";

/** Where the audit trail goes, beside `server.audit.recent()`. */
export interface AuditOptions {
  /**
   * A channel of the contract that the server publishes each event to. Only roles of `readers` may subscribe to it, and
   * nobody may publish; the server does not start otherwise.
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
export function requireAuditChannel(app: Contract, { channel, readers = ["operator"] }: AuditOptions): void {
  if (channel === undefined) return;
  const refuse = (why: string): never => {
    throw new BusbarError("server/audit-channel", `the audit trail cannot go to ${channel}: ${why}`);
  };
  const match = isChannelName(channel) ? app.match(channel) : undefined;
  if (match === undefined) return refuse("the contract has no such channel");
  const { publish = [], subscribe = [] } = match.definition.allow;
  const others = subscribe.filter((role) => !readers.includes(role));
  if (others.length > 0) return refuse(`${others.join(", ")} may subscribe, and ${readers.join(", ")} alone should`);
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
