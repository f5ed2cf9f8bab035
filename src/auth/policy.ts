import type { Contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import type { CallPatternsOf, ClientCallPatternsOf, NamesOf, ParamsOf, PatternsOf } from "../contract/types.js";
import { BusbarError } from "../kernel/errors.js";
import { actions, isAction, type Action } from "./action.js";
import type { Principal } from "./principal.js";
import { RoleTree } from "./roles.js";

/** What a parameter of a pattern is held against: the principal's id, or a claim, which is a text or a list of texts. */
export type Binding = "id" | `claims.${string}`;

/** Decides at once, not with a promise. One that throws allows nothing, and denies where its rule denies; it is logged. */
export type Condition<Given = Params> = (principal: Principal, params: Given) => boolean;

/** What a role may do, or may not, and on what. */
export interface Rule<On extends string | readonly string[] = string | readonly string[], Given = Params> {
  /** One permission, several, or `"*"`: all of them. */
  readonly do: Action | readonly Action[] | "*";
  /** A pattern of the contract, or one with parameters that are written out (`chat/lobby`); `"*"`: all of them. */
  readonly on: On;
  /** Parameters that are bound to the principal: the rule holds where each has this value, or is among these values. */
  readonly where?: { readonly [Name in keyof Given]?: Binding };
  /** The rule holds where this returns true. It is asked once for a session and a name, until roles or policy change. */
  readonly if?: Condition<Given>;
}

export interface RoleRules<AnyRule = Rule> {
  /** Roles whose rules hold for this one, too. */
  readonly inherits?: readonly string[];
  readonly allow?: readonly AnyRule[];
  /** Goes before whatever is allowed, by any role. */
  readonly deny?: readonly AnyRule[];
}

export interface PolicyRules<AnyRule = Rule> {
  readonly roles: Readonly<Record<string, RoleRules<AnyRule>>>;
}

/** The rules that fit a contract's patterns. A condition knows its parameters by their names where `on` is one pattern. */
export type RuleOf<App> = Contract extends App ? Rule : RuleOn<AnyPatternOf<App>>;

type AnyPatternOf<App> = PatternsOf<App> | CallPatternsOf<App> | ClientCallPatternsOf<App>;

type RuleOn<Pattern extends string> = RuleOnOne<Pattern> | Rule<readonly NamesOf<Pattern>[]> | Rule<"*">;

type RuleOnOne<Pattern extends string> = Pattern extends string ? Rule<NamesOf<Pattern>, ParamsOf<Pattern>> : never;

/** One rule of a policy or a contract, read. */
export interface ReadRule {
  readonly effect: "allow" | "deny";
  readonly role: string;
  readonly actions: readonly Action[];
  /** `"*"` stands alone. */
  readonly patterns: readonly string[];
  readonly where: readonly (readonly [param: string, binding: Binding])[];
  readonly condition: Condition | undefined;
  /** Whether it names its actions: one that means all of them changes no action's default. */
  readonly isExplicit: boolean;
  /** Where it stands and what it says: `roles.member.allow[0] (publish on "chat/:room")`. */
  readonly text: string;
}

/** Who may do what, as `policy()` makes it. */
export interface Policy {
  readonly kind: "policy";
  readonly roles: RoleTree;
  readonly rules: readonly ReadRule[];
}

/**
 * Describe who may do what, beside what the contract's `allow` says: nobody may what nothing allows, and what something
 * denies, nobody may.
 *
 * @example
 * policy<typeof app>({
 *   roles: {
 *     member: { allow: [{ do: ["subscribe", "publish"], on: "inbox/:user", where: { user: "id" } }] },
 *     admin: { inherits: ["member"], allow: [{ do: "*", on: "*" }] },
 *   },
 * })
 * @throws BusbarError `policy/invalid`, `policy/circle`. What does not fit the contract is found when the server starts.
 */
export function policy<App extends Contract = Contract>(rules: PolicyRules<RuleOf<App>>): Policy;
export function policy(given: PolicyRules): Policy {
  requireMembers("a policy", given, ["roles"]);
  requireMembers("roles", given.roles);
  const inherited = new Map<string, readonly string[]>();
  const rules: ReadRule[] = [];
  for (const [name, role] of Object.entries(given.roles)) {
    const place = `roles.${name}`;
    requireMembers(place, role, ["inherits", "allow", "deny"]);
    const { allow = [], deny = [], inherits = [] } = role;
    requireList(`${place}.inherits`, inherits, "string");
    inherited.set(name, inherits);
    for (const [effect, list] of Object.entries({ allow, deny } as const)) {
      requireList(`${place}.${effect}`, list, "object");
      for (const [index, rule] of list.entries()) {
        rules.push(
          read(rule, {
            effect: effect === "allow" ? "allow" : "deny",
            role: name,
            place: `${place}.${effect}[${index}]`,
          }),
        );
      }
    }
  }
  return { kind: "policy", roles: new RoleTree(inherited), rules };
}

/** The policy of a server that has none: what the contract allows. */
export const noPolicy: Policy = { kind: "policy", roles: new RoleTree(new Map()), rules: [] };

/** @throws BusbarError `policy/invalid`. */
export function invalid(place: string, what: string): BusbarError {
  return new BusbarError("policy/invalid", `${place}: ${what}`);
}

interface Place {
  readonly effect: "allow" | "deny";
  readonly role: string;
  readonly place: string;
}

function read(rule: Rule, { effect, role, place }: Place): ReadRule {
  requireMembers(place, rule, ["do", "on", "where", "if"]);
  const { do: does, if: condition, on, where = {} } = rule;
  const wanted = [does].flat();
  const unknown = wanted.find((action) => action !== "*" && !isAction(action));
  if (unknown !== undefined || wanted.length === 0) {
    throw invalid(place, `do is one or several of ${actions.join(", ")}, or "*", and not ${String(unknown)}`);
  }
  const patterns = [on].flat();
  requireList(`${place}.on`, patterns, "string");
  if (patterns.length === 0) throw invalid(place, 'on names the patterns that it is about, or is "*"');
  if (condition !== undefined && typeof condition !== "function") {
    throw invalid(place, "if is a function of the principal and the parameters");
  }
  requireMembers(`${place}.where`, where);
  const bindings = Object.entries(where).map(([param, binding]) => {
    if (isBinding(binding)) return [param, binding] as const;
    throw invalid(place, `where.${param} is "id" or "claims." and a claim's name, and not ${String(binding)}`);
  });
  if (bindings.length > 0 && patterns.includes("*")) throw invalid(place, 'where needs patterns, and on is "*"');
  const isExplicit = !wanted.includes("*");
  return {
    effect,
    role,
    patterns,
    condition,
    isExplicit,
    actions: isExplicit ? wanted.filter(isAction) : actions,
    where: bindings,
    text: `${place} (${textOf(rule)})`,
  };
}

function isBinding(value: unknown): value is Binding {
  return typeof value === "string" && (value === "id" || /^claims\../.test(value));
}

/** `publish on "inbox/:user" where user = id, if isOpen`. */
function textOf({ do: does, if: condition, on, where = {} }: Rule): string {
  const bindings = Object.entries(where).map(([param, binding]) => `${param} = ${String(binding)}`);
  const patterns = [on].flat().map((pattern) => `"${pattern}"`);
  const bound = bindings.length === 0 ? "" : ` where ${bindings.join(", ")}`;
  const asked =
    condition === undefined ? "" : `, if ${condition.name === "if" || condition.name === "" ? "…" : condition.name}`;
  return `${[does].flat().join(", ")} on ${patterns.join(", ")}${bound}${asked}`;
}

/** Who writes JavaScript can give anything, and misspell it. */
function requireMembers(place: string, value: unknown, names?: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(place, "is an object");
  const unknown = names && Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(place, `has no "${unknown}": it has ${names?.join(", ")}`);
}

function requireList(place: string, value: unknown, type: "string" | "object"): void {
  if (Array.isArray(value) && value.every((one) => typeof one === type)) return;
  throw invalid(place, type === "string" ? "is a list of texts" : "is a list of rules: { do, on, where?, if? }");
}
