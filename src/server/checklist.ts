import type { Authenticator } from "../auth/authenticator.js";
import { noPolicy, type Policy } from "../auth/policy.js";
import { Rulebook } from "../auth/rulebook.js";
import type { Contract } from "../contract/contract.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";

/** What is missing, and what to do about it. */
export interface ChecklistItem {
  readonly missing: string;
  readonly todo: string;
}

export type ChecklistCode =
  | "no-tls"
  | "no-address-limit"
  | "any-origin"
  | "anonymous-publishing"
  | "plain-passwords"
  | "history-in-memory"
  | "no-keepalive";

/** What a server in production should not lack. `docs/security.md` lists the same; a test compares them. */
export const checklist: Readonly<Record<ChecklistCode, ChecklistItem>> = {
  "no-tls": {
    missing: "passwords and tokens cross the network readably: there is no TLS, and no proxy that has it",
    todo: "give key and certificate, or listen on the loopback address behind a proxy with TLS and set trustProxy",
  },
  "no-address-limit": {
    missing: "one address can open every connection that the server has",
    todo: "set limits.socket.connectionsPerAddressMax",
  },
  "any-origin": {
    missing: 'pages of every origin may connect: the option origins is "any", or has "null" in it',
    todo: "list the origins of your own pages",
  },
  "anonymous-publishing": {
    missing: "whoever shows no credentials may publish",
    todo: "take the anonymous role out of the contract's allow.publish, and out of the policy's rules",
  },
  "plain-passwords": {
    missing: "passwords stand in the server's code",
    todo: "keep them in a file of hashes (npx busbar user add, usersFile), or give their hashes (hashPassword)",
  },
  "history-in-memory": {
    missing: "channels keep a history, and a restart of the server loses it",
    todo: 'set store: "./data", or say durability: "memory" in the contract',
  },
  "no-keepalive": {
    missing: "who vanishes without a word keeps its connection for ever: keepalive is off",
    todo: "leave keepalive at its default",
  },
};

/** What of a server the checklist looks at. */
export interface Inspected {
  readonly contract: Contract;
  readonly policy?: Policy | undefined;
  readonly authenticators: readonly Authenticator[];
  /** Where it listens: an IP address; undefined for what no other machine can reach, such as a Unix socket. */
  readonly address: string | undefined;
  readonly hasTls: boolean;
  /** Whether somebody in front of it is trusted to say who connects. */
  readonly hasProxy: boolean;
  readonly hasStore: boolean;
  readonly hasKeepalive: boolean;
  readonly origins: "same" | "any" | readonly string[];
  readonly connectionsPerAddressMax: number;
}

/** What a server lacks, in the list's order. */
export function shortcomingsOf(server: Inspected): readonly ChecklistCode[] {
  return codes.filter((code) => lacks(server, code));
}

/**
 * Log one line for each thing that a server lacks, but for what the application acknowledged.
 *
 * @throws BusbarError `options/invalid` where something is acknowledged that is not on the list.
 */
export function warn(server: Inspected, acknowledged: readonly ChecklistCode[], logger: Logger): void {
  checkAcknowledged(acknowledged);
  for (const code of shortcomingsOf(server)) {
    if (!acknowledged.includes(code)) logger.warn("server/checklist", { code, ...checklist[code] });
  }
}

/** @throws BusbarError `options/invalid`. */
export function checkAcknowledged(acknowledged: readonly string[]): void {
  const unknown = acknowledged.find((code) => !Object.hasOwn(checklist, code));
  if (unknown === undefined) return;
  throw new BusbarError("options/invalid", `the option acknowledge knows ${codes.join(", ")}, and not ${unknown}`);
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the record's own names
const codes = Object.keys(checklist) as readonly ChecklistCode[];

function lacks(server: Inspected, code: ChecklistCode): boolean {
  const { connectionsPerAddressMax, hasKeepalive, hasProxy, hasStore, hasTls, origins } = server;
  switch (code) {
    case "no-tls":
      return isReachable(server) && !hasTls && !hasProxy;
    case "no-address-limit":
      return isReachable(server) && connectionsPerAddressMax === Number.POSITIVE_INFINITY;
    case "any-origin":
      return origins === "any" || origins.includes("null");
    case "anonymous-publishing":
      return server.authenticators.some(({ traits }) => canPublish(server, traits?.anonymousRoles ?? []));
    case "plain-passwords":
      return server.authenticators.some(({ traits }) => traits?.hasPlainPasswords === true);
    case "history-in-memory":
      return !hasStore && keepsHistory(server.contract);
    case "no-keepalive":
      return !hasKeepalive;
  }
}

/** Whether other machines can connect. */
function isReachable({ address }: Inspected): boolean {
  return address !== undefined && !/^(127\.|::1$|::ffff:127\.)/.test(address);
}

function canPublish({ contract, policy = noPolicy }: Inspected, roles: readonly string[]): boolean {
  const rulebook = new Rulebook(contract, policy, () => {});
  return Object.keys(contract.definitions).some((pattern) => rulebook.canEver(roles, "publish", pattern));
}

/** Whether a channel has a history, and does not say that it is to be in memory. */
function keepsHistory({ definitions }: Contract): boolean {
  return Object.values(definitions).some(
    (definition) => definition.kind === "channel" && definition.history.keep > 0 && definition.durability !== "memory",
  );
}
