import { describe, expect, it } from "vitest";
import { z } from "zod";
import { basic } from "../engine/passwords.js";
import type { Authenticator } from "../auth/authenticator.js";
import { policy } from "../auth/policy.js";
import { call } from "../contract/call.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { silentLogger } from "../kernel/logger.js";
import { checkAcknowledged, checklist, shortcomingsOf, warn, type ChecklistCode, type Inspected } from "./checklist.js";

const message = z.unknown();
const app = contract({
  "chat/:room": channel({ message, durability: "memory", allow: { publish: ["member", "guest"] } }),
  "news/:topic": channel({ message, history: { keep: 0 }, allow: { subscribe: ["reader"] } }),
  time: call({ input: message, output: message, allow: { call: ["reader"] } }),
});
const anonymous = (...roles: string[]): Authenticator =>
  Object.assign(() => undefined, { traits: { anonymousRoles: roles } });

/** A server that lacks nothing. */
const complete: Inspected = {
  contract: app,
  authenticators: [basic(() => undefined), () => undefined, anonymous("reader")],
  address: "203.0.113.7",
  hasTls: true,
  hasProxy: false,
  hasStore: false,
  hasKeepalive: true,
  origins: "same",
  connectionsPerAddressMax: 100,
};
const lacking = (other: Partial<Inspected>): readonly ChecklistCode[] => shortcomingsOf({ ...complete, ...other });

describe("the checklist", () => {
  it("is silent about a server that lacks nothing", () => {
    expect(shortcomingsOf(complete)).toEqual([]);
    expect(lacking({ origins: ["https://example.org"] })).toEqual([]);
  });

  it.each(["0.0.0.0", "::", "203.0.113.7", "2001:db8::1", "10.0.0.1"])("misses TLS on %s", (address) => {
    expect(lacking({ address, hasTls: false })).toEqual(["no-tls"]);
    expect(lacking({ address, hasTls: false, hasProxy: true })).toEqual([]);
  });

  it.each(["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1", undefined])("does not miss it on %s", (address) => {
    expect(lacking({ address, hasTls: false, connectionsPerAddressMax: Infinity })).toEqual([]);
  });

  it("misses a limit for one address", () => {
    expect(lacking({ connectionsPerAddressMax: Infinity })).toEqual(["no-address-limit"]);
  });

  it.each([["any"], [["https://example.org", "null"]]] as const)(
    "misses a list of origins where it is %o",
    (origins) => {
      expect(lacking({ origins })).toEqual(["any-origin"]);
    },
  );

  it("misses that who shows no credentials may not publish", () => {
    expect(lacking({ authenticators: [anonymous("reader"), anonymous("reader", "guest")] })).toEqual([
      "anonymous-publishing",
    ]);
    const writers = policy({ roles: { reader: { allow: [{ do: "publish", on: "news/:topic" }] } } });
    expect(lacking({ policy: writers })).toEqual(["anonymous-publishing"]);
  });

  it("misses hashes of passwords that stand in the code", () => {
    expect(lacking({ authenticators: [basic({ ada: { password: "difference", roles: [] } })] })).toEqual([
      "plain-passwords",
    ]);
    expect(lacking({ authenticators: [basic({})] })).toEqual([]);
  });

  it("misses a store where a channel keeps a history that is not to be in memory", () => {
    const kept = contract({ a: channel({ message }) });
    expect(lacking({ contract: kept })).toEqual(["history-in-memory"]);
    expect(lacking({ contract: kept, hasStore: true })).toEqual([]);
  });

  it("misses the keepalive", () => {
    expect(lacking({ hasKeepalive: false })).toEqual(["no-keepalive"]);
  });

  it("is logged in one line each, with what to do, but for what was acknowledged", () => {
    const lines: unknown[] = [];
    const logger = { ...silentLogger, warn: (...line: unknown[]) => void lines.push(line) };
    warn({ ...complete, hasTls: false, origins: "any", hasKeepalive: false }, ["any-origin"], logger);
    expect(lines).toEqual([
      ["server/checklist", { code: "no-tls", ...checklist["no-tls"] }],
      ["server/checklist", { code: "no-keepalive", ...checklist["no-keepalive"] }],
    ]);
  });

  it("refuses to acknowledge what is not on it", () => {
    const refusal = expect.objectContaining({ code: "options/invalid", message: expect.stringContaining("no-tsl") });
    expect(() => checkAcknowledged(["no-tls", "no-tsl"])).toThrow(refusal);
    expect(() => checkAcknowledged(["toString"])).toThrow(expect.objectContaining({ code: "options/invalid" }));
    expect(() => checkAcknowledged(Object.keys(checklist))).not.toThrow();
  });
});
