import type { Action } from "../../src/auth/action.js";
import type { Principal } from "../../src/auth/principal.js";
import type { Rule, RoleRules } from "../../src/auth/policy.js";

/** What a contract has, as far as it matters who may do what. */
export interface ModelPart {
  readonly pattern: string;
  readonly kind: "channel" | "server call" | "client call";
  readonly allow: Readonly<Record<string, readonly string[]>>;
}

export interface ModelRequest {
  readonly principal: Principal;
  readonly action: Action;
  readonly name: string;
}

type Roles = Readonly<Record<string, RoleRules>>;

/**
 * Decide as the documentation says, as simply as it can be said: no tables, nothing kept, every rule looked at.
 *
 * @returns undefined where the contract has nothing of that name for the action.
 */
export function decideNaively(parts: readonly ModelPart[], roles: Roles, request: ModelRequest): boolean | undefined {
  const { action, name, principal } = request;
  const part = partOf(parts, action, name);
  if (part === undefined) return undefined;
  const held = heldBy(principal.roles, roles);
  const mine = Object.entries(roles).filter(([role]) => held.has(role));
  const denies = mine.flatMap(([, { deny = [] }]) => deny);
  if (denies.some((rule) => applies(rule, parts, request, true))) return false;
  const allows = mine.flatMap(([, { allow = [] }]) => allow);
  if (allows.some((rule) => applies(rule, parts, request, false))) return true;
  const allowed = part.allow[action];
  if (allowed?.some((role) => held.has(role)) === true) return true;
  // The defaults hold where nobody at all is allowed it by its name.
  const all = Object.values(roles).flatMap(({ allow = [] }) => allow);
  const isSpokenOf =
    (allowed?.length ?? 0) > 0 ||
    all.some((rule) => !doesAll(rule) && actionsOf(rule).includes(action) && targets(rule, parts, action).has(part));
  if (isSpokenOf) return false;
  if (action === "history") return decideNaively(parts, roles, { ...request, action: "subscribe" });
  return action === "call" && part.kind === "client call";
}

function heldBy(roles: readonly string[], all: Roles): ReadonlySet<string> {
  const held = new Set(roles);
  for (let size = -1; size !== held.size;) {
    size = held.size;
    for (const role of held) for (const from of all[role]?.inherits ?? []) held.add(from);
  }
  return held;
}

function applies(rule: Rule, parts: readonly ModelPart[], request: ModelRequest, whenThrown: boolean): boolean {
  const { action, name, principal } = request;
  if (!doesAll(rule) && !actionsOf(rule).includes(action)) return false;
  const part = partOf(parts, action, name);
  return [rule.on].flat().some((pattern) => {
    if (pattern !== "*" && partOf(parts, action, pattern) !== part) return false;
    const segments = name.split("/");
    const own = pattern === "*" ? [] : pattern.split("/");
    if (own.some((segment, index) => !segment.startsWith(":") && segment !== segments[index])) return false;
    for (const [param, binding] of Object.entries(rule.where ?? {})) {
      const value = segments[own.indexOf(`:${param}`)];
      const wanted = binding === "id" ? principal.id : principal.claims[String(binding).slice("claims.".length)];
      if (![wanted].flat().includes(value)) return false;
    }
    if (rule.if === undefined) return true;
    const params = Object.fromEntries(
      (part?.pattern ?? "").split("/").flatMap((segment, index) => {
        return segment.startsWith(":") ? [[segment.slice(1), segments[index] ?? ""]] : [];
      }),
    );
    try {
      return rule.if(principal, params);
    } catch {
      return whenThrown;
    }
  });
}

/** The parts that a rule is about. */
function targets(rule: Rule, parts: readonly ModelPart[], action: Action): ReadonlySet<ModelPart | undefined> {
  return new Set<ModelPart | undefined>(
    [rule.on]
      .flat()
      .flatMap((pattern): readonly (ModelPart | undefined)[] =>
        pattern === "*" ? parts : [partOf(parts, action, pattern)],
      ),
  );
}

function actionsOf({ do: does }: Rule): readonly string[] {
  return [does].flat();
}

function doesAll(rule: Rule): boolean {
  return actionsOf(rule).includes("*");
}

/** Of the patterns that fit, the one with the first literal segment where another has a parameter. */
function partOf(parts: readonly ModelPart[], action: Action, name: string): ModelPart | undefined {
  const segments = name.split("/");
  const isCall = action === "call";
  return parts
    .filter(({ kind, pattern }) => {
      if ((kind === "channel") === isCall) return false;
      const own = pattern.split("/");
      if (own.length !== segments.length) return false;
      return own.every((segment, index) => segment.startsWith(":") || segment === segments[index]);
    })
    .toSorted((one, other) => rank(one.pattern).localeCompare(rank(other.pattern)))[0];
}

function rank(pattern: string): string {
  return pattern
    .split("/")
    .map((segment) => (segment.startsWith(":") ? "1" : "0"))
    .join("");
}
