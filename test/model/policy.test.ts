import fc from "fast-check";
import { expect, it } from "vitest";
import { actions, type Action } from "../../src/auth/action.js";
import { Access } from "../../src/auth/access.js";
import { Authority } from "../../src/auth/authority.js";
import { meaningOf } from "../../src/auth/explanation.js";
import { policy, type RoleRules, type Rule } from "../../src/auth/policy.js";
import type { Principal } from "../../src/auth/principal.js";
import { call } from "../../src/contract/call.js";
import { channel } from "../../src/contract/channel.js";
import { contract, type Contract, type Definition } from "../../src/contract/contract.js";
import type { StandardSchema } from "../../src/contract/standard-schema.js";
import { silentLogger } from "../../src/kernel/logger.js";
import { decideNaively, type ModelPart } from "./policy-reference.js";

/** How many policies and requests are tried; by hand more: `MODEL_RUNS=1000000`. */
const numRuns = Number(process.env["MODEL_RUNS"] ?? 100_000);

/** Each policy is asked so often. */
const requestsPerPolicy = 4;

const any: StandardSchema = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };

const roleNames = ["guest", "member", "editor", "admin"] as const;
const someRoles = fc.subarray([...roleNames]);
const channelActions = ["subscribe", "publish", "presence", "history", "operate"] as const;

/** Patterns that overlap in each way; some names are those of a channel and of a call. */
const shapes = [
  ["a/:x", "channel"],
  ["a/b", "channel"],
  [":y/b", "channel"],
  ["c/:x/:y", "channel"],
  ["c/b/:y", "channel"],
  ["c/b", "client call"],
  ["b/:x", "server call"],
] as const;
/** Of each, one with a parameter written out. */
const narrowed: Readonly<Record<string, string>> = { "a/:x": "a/c", ":y/b": "c/b", "c/:x/:y": "c/c/:y", "b/:x": "b/b" };
const names = ["a/b", "a/c", "c/b", "b/b", "c/b/c", "c/c/c", "c/c/ada"] as const;

interface Outline {
  readonly shape: (typeof shapes)[number];
  readonly isNarrowed: boolean;
  readonly isEverything: boolean;
  readonly doesAll: boolean;
  readonly does: readonly (typeof channelActions)[number][];
  readonly binding: "id" | "claims.one" | "claims.many" | undefined;
  readonly condition: "none" | "by-room" | "by-principal" | "throws";
}

const outline: fc.Arbitrary<Outline> = fc.record({
  shape: fc.constantFrom(...shapes),
  isNarrowed: fc.boolean(),
  isEverything: fc.integer({ min: 0, max: 7 }).map((number) => number === 0),
  doesAll: fc.integer({ min: 0, max: 5 }).map((number) => number === 0),
  does: fc.subarray([...channelActions], { minLength: 1 }),
  binding: fc.constantFrom(undefined, undefined, "id", "claims.one", "claims.many"),
  condition: fc.constantFrom("none", "none", "none", "by-room", "by-principal", "throws"),
});

const conditions: Readonly<Record<string, Rule["if"]>> = {
  "by-room": (_, { x, y }) => x === "c" || y === "b",
  "by-principal": ({ id }) => id === "ada",
  throws: () => {
    throw new Error("on purpose");
  },
};

function ruleOf({ binding, condition, does, doesAll, isEverything, isNarrowed, shape }: Outline): Rule {
  const [whole, kind] = shape;
  const on = isEverything ? "*" : ((isNarrowed ? narrowed[whole] : undefined) ?? whole);
  const named: readonly Action[] = kind === "channel" || isEverything ? does : ["call"];
  const param = /:([a-z])/.exec(on)?.[1];
  const asked = conditions[condition];
  return {
    do: doesAll ? "*" : named,
    on,
    ...(param !== undefined && binding !== undefined && { where: { [param]: binding } }),
    ...(asked !== undefined && { if: asked }),
  };
}

const rules = fc.array(outline.map(ruleOf), { maxLength: 3 });
/** A role inherits from those before it, so that there is no circle. */
const roles = fc
  .tuple(
    ...roleNames.map((_, index) =>
      fc.record({ inherits: fc.subarray(roleNames.slice(0, index)), allow: rules, deny: rules }),
    ),
  )
  .map((all): Readonly<Record<string, RoleRules>> =>
    Object.fromEntries(all.map((role, index) => [String(roleNames[index]), role])),
  );
const parts: fc.Arbitrary<readonly ModelPart[]> = fc
  .tuple(...shapes.map(() => fc.tuple(someRoles, someRoles, someRoles)))
  .map((lists) =>
    shapes.map(([pattern, kind], index) => {
      const [subscribe = [], publish = [], presence = []] = lists[index] ?? [];
      return { pattern, kind, allow: kind === "channel" ? { subscribe, publish, presence } : { call: subscribe } };
    }),
  );
const principal: fc.Arbitrary<Principal> = fc.record({
  id: fc.constantFrom("ada", "b", "c"),
  roles: someRoles,
  claims: fc.record({ one: fc.constantFrom("b", "c", 1), many: fc.subarray(["b", "c", "ada"]) }, { requiredKeys: [] }),
  expiresAtMs: fc.constant(undefined),
});
const request = fc.record({ principal, action: fc.constantFrom(...actions), name: fc.constantFrom(...names) });
const requests = fc.array(request, { minLength: requestsPerPolicy, maxLength: requestsPerPolicy });

function contractOf(all: readonly ModelPart[]): Contract {
  const definitions = all.map(({ allow, kind, pattern }): [string, Definition] => {
    if (kind === "channel") return [pattern, channel({ message: any, allow, version: 1 })];
    const handledBy = kind === "client call" ? "client" : "server";
    return [pattern, call({ input: any, output: any, allow, handledBy, version: 1 })];
  });
  return contract(Object.fromEntries(definitions));
}

it("every decision is that of a naive reference", { timeout: 120_000 }, () => {
  const seen = { allowed: 0, denied: 0, nothing: 0 };
  const result = fc.check(
    fc.property(parts, roles, requests, (all, given, asked) => {
      const app = contractOf(all);
      const authority = new Authority({ contract: app, policy: policy({ roles: given }), logger: silentLogger });
      const access = new Access(authority);
      for (const one of asked) {
        const meaning = meaningOf(app, one.action, one.name);
        const decide = (): boolean | undefined =>
          meaning && access.decide(one.principal, one.action, { ...meaning, name: one.name }).isAllowed;
        const expected = decideNaively(all, given, one);
        // The second answer is the one that was kept.
        for (const decided of [decide(), decide()]) {
          if (decided !== expected) throw new Error(`${String(decided)} for ${JSON.stringify(one)}`);
        }
        seen[expected === undefined ? "nothing" : expected ? "allowed" : "denied"]++;
      }
    }),
    { seed: 5, numRuns: numRuns / requestsPerPolicy },
  );
  expect(result.failed, `${String(result.errorInstance)}\n${JSON.stringify(result.counterexample)}`).toBe(false);
  expect(seen.allowed + seen.denied + seen.nothing).toBeGreaterThanOrEqual(numRuns);
  // Not all of one kind.
  expect(Math.min(seen.allowed, seen.denied)).toBeGreaterThan(numRuns / 10);
});
