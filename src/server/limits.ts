import { lmdbLimits } from "../adapters/lmdb/lmdb-limits.js";
import { memoryStoreLimits } from "../adapters/memory/memory-store.js";
import { auditLimits } from "../auth/audit-trail.js";
import { policyLimits } from "../auth/authority.js";
import { revocationLimits } from "../auth/revocations.js";
import { limitDefaults } from "../engine/options.js";
import { hubLimits } from "../hub/hub.js";
import { BusbarError } from "../kernel/errors.js";
import { pipelineLimits } from "../pipeline/pipeline.js";
import { sessionLimits } from "../session/limits.js";
import type { ServerLimits } from "./options.js";

/** Every limit of a server, by the part that keeps it. */
export type AllServerLimits = { readonly [Part in keyof ServerLimits]-?: Required<NonNullable<ServerLimits[Part]>> };

/** The sockets' limits have what waits for a client among the session's. */
const { outboxBytesMax: _, ...socketLimits } = limitDefaults;

/** The one table of defaults: each part's own, and what a server of channels has otherwise than the engine by itself. */
export const serverLimits: AllServerLimits = {
  socket: { ...socketLimits, messageBytesMax: 64 * 1024 },
  session: sessionLimits,
  pipeline: pipelineLimits,
  hub: hubLimits,
  revocations: revocationLimits,
  policy: policyLimits,
  audit: auditLimits,
  memory: memoryStoreLimits,
  disk: lmdbLimits,
};

/**
 * Refuse limits that are none: a name that does not exist would silently leave the default, what is no number would be
 * no limit at all.
 *
 * @throws BusbarError `options/invalid`, which names the option.
 */
export function checkLimits(limits: ServerLimits): void {
  for (const [part, given = {}] of Object.entries({ ...limits })) {
    const known = Object.entries(serverLimits).find(([name]) => name === part)?.[1];
    if (known === undefined) throw noSuchLimit(`limits.${part}`, Object.keys(serverLimits));
    for (const [name, value] of Object.entries(given)) {
      const path = `limits.${part}.${name}`;
      if (!Object.hasOwn(known, name)) throw noSuchLimit(path, Object.keys(known));
      if (typeof value === "number" && value > 0) continue;
      throw new BusbarError("options/invalid", `the option ${path} is a number above 0`);
    }
  }
}

function noSuchLimit(path: string, names: readonly string[]): BusbarError {
  return new BusbarError("options/invalid", `there is no option ${path}; there are ${names.join(", ")}`);
}
