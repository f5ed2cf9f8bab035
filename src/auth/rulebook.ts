import type { Contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import { BusbarError } from "../kernel/errors.js";
import type { Action } from "./action.js";
import { contractRules } from "./contract-rules.js";
import { invalid, type Binding, type Policy, type ReadRule } from "./policy.js";
import type { Principal } from "./principal.js";
import type { HeldRoles, RoleTree } from "./roles.js";
import { bind, type BoundRule } from "./rule-binding.js";

/** What is asked: may this principal do this with what this pattern means, where its parameters are these? */
export interface Question {
  readonly principal: Principal;
  readonly action: Action;
  /** A pattern of the contract. */
  readonly pattern: string;
  readonly params: Params;
}

/** What a policy answers. */
export interface Decision {
  readonly isAllowed: boolean;
  /** What decided, to be read: where a rule stands and what it says, or that there is none. */
  readonly rule: string;
  /** The role that is held, and by which it inherits, the rule's own role last; empty where no rule decided. */
  readonly path: readonly string[];
}

/** A condition threw, or returned what is neither true nor false. */
export interface ConditionFailure {
  readonly rule: string;
  readonly principal: string;
  readonly cause: unknown;
}

/** The rules about one action on one pattern. */
interface Slot {
  readonly denies: BoundRule[];
  readonly allows: BoundRule[];
  /** Whether a rule allows this action by its name: it has no default then. */
  isSpokenOf: boolean;
}

const emptySlot: Slot = { denies: [], allows: [], isSpokenOf: false };

/**
 * A policy, bound to a contract: decides each question in the time that the rules about that pattern and action take.
 *
 * Rules hold for a principal by the roles that it has, and those that these inherit from. Denied is what a rule denies;
 * of the rest, allowed is what a rule allows. Two actions have defaults, which hold where no rule allows them by their
 * name: `history` goes with `subscribe`, and any client may offer (`call`) what clients handle.
 */
export class Rulebook {
  readonly #contract: Contract;
  readonly #roles: RoleTree;
  /** Every role that policy or contract names. */
  readonly #named: readonly string[];
  readonly #slots = new Map<string, Slot>();
  readonly #onFailure: (failure: ConditionFailure) => void;

  /** @throws BusbarError `policy/invalid`: a rule is about what the contract does not have, or a role is unknown. */
  constructor(contract: Contract, policy: Policy, onFailure: (failure: ConditionFailure) => void) {
    const simple = contractRules(contract);
    this.#named = namedRoles(policy, simple);
    requireRoles(policy, this.#named);
    this.#contract = contract;
    this.#roles = policy.roles;
    this.#onFailure = onFailure;
    for (const bound of [...simple, ...policy.rules].flatMap((rule) => bind(rule, contract))) this.#add(bound);
  }

  decide(question: Question): Decision {
    const { action, pattern, principal } = question;
    const slot = this.#slotOf(action, pattern);
    const held = this.#roles.heldBy(principal.roles);
    const deciding = this.#first(slot.denies, held, question) ?? this.#first(slot.allows, held, question);
    if (deciding !== undefined) return deciding;
    switch (this.#defaultOf(slot, action, pattern)) {
      case "as-subscribe":
        return this.decide({ ...question, action: "subscribe" });
      case "allowed":
        return { isAllowed: true, rule: `no rule speaks of offering "${pattern}"`, path: [] };
      case "denied":
        return { isAllowed: false, rule: `no rule allows ${action} on "${pattern}"`, path: [] };
    }
  }

  /**
   * Whether these roles may do this with anything that the pattern means, as far as that can be said without a name and a
   * principal: a rule that is bound or has a condition may allow something, and may leave something that it denies.
   */
  canEver(roles: readonly string[], action: Action, pattern: string): boolean {
    const { allows, denies, ...slot } = this.#slotOf(action, pattern);
    const held = this.#roles.heldBy(roles);
    const isHeld = ({ rule }: BoundRule): boolean => held.has(rule.role);
    if (denies.some((bound) => isHeld(bound) && isUnconditional(bound))) return false;
    if (allows.some(isHeld)) return true;
    const instead = this.#defaultOf({ allows, denies, ...slot }, action, pattern);
    return instead === "as-subscribe" ? this.canEver(roles, "subscribe", pattern) : instead === "allowed";
  }

  /** The roles that can ever do this with what the pattern means, without those that are or inherit from one of `except`. */
  rolesThat(action: Action, pattern: string, except: readonly string[] = []): string[] {
    return this.#named.filter((role) => {
      const held = this.#roles.heldBy([role]);
      return !except.some((one) => held.has(one)) && this.canEver([role], action, pattern);
    });
  }

  #slotOf(action: Action, pattern: string): Slot {
    return this.#slots.get(`${action} ${pattern}`) ?? emptySlot;
  }

  #defaultOf({ isSpokenOf }: Slot, action: Action, pattern: string): "allowed" | "as-subscribe" | "denied" {
    if (isSpokenOf) return "denied";
    if (action === "history") return "as-subscribe";
    const definition = this.#contract.definitions[pattern];
    const isOffer = action === "call" && definition?.kind === "call" && definition.handledBy === "client";
    return isOffer ? "allowed" : "denied";
  }

  /** What the first rule says that holds. */
  #first(rules: readonly BoundRule[], held: HeldRoles, question: Question): Decision | undefined {
    for (const bound of rules) {
      const { effect, role, text } = bound.rule;
      const path = held.get(role);
      if (path !== undefined && this.#holds(bound, question))
        return { isAllowed: effect === "allow", rule: text, path };
    }
    return undefined;
  }

  #holds({ fixed, rule }: BoundRule, { params, principal }: Question): boolean {
    for (const [param, value] of fixed) if (params[param] !== value) return false;
    for (const [param, binding] of rule.where) if (!isBound(principal, binding, params[param])) return false;
    if (rule.condition === undefined) return true;
    try {
      const answer: unknown = rule.condition(principal, params);
      if (typeof answer === "boolean") return answer;
      throw new BusbarError("policy/invalid", `a condition returns true or false, at once, and not ${typeof answer}`);
    } catch (cause) {
      this.#onFailure({ rule: rule.text, principal: principal.id, cause });
      return rule.effect === "deny";
    }
  }

  #add(bound: BoundRule): void {
    const { action, pattern, rule } = bound;
    const key = `${action} ${pattern}`;
    const slot = this.#slots.get(key) ?? { denies: [], allows: [], isSpokenOf: false };
    this.#slots.set(key, slot);
    slot[rule.effect === "allow" ? "allows" : "denies"].push(bound);
    slot.isSpokenOf ||= rule.effect === "allow" && rule.isExplicit;
  }
}

function isUnconditional({ fixed, rule }: BoundRule): boolean {
  return fixed.length === 0 && rule.where.length === 0 && rule.condition === undefined;
}

/** Whether a parameter has the value that it is bound to, or one of them. Only texts count. */
function isBound({ claims, id }: Principal, binding: Binding, value: string | undefined): boolean {
  if (binding === "id") return value === id;
  const name = binding.slice("claims.".length);
  const claim = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return value !== undefined && (Array.isArray(claim) ? claim.includes(value) : claim === value);
}

/** @throws BusbarError `policy/invalid` where a role inherits from one that has no rules anywhere. */
function requireRoles({ roles }: Policy, named: readonly string[]): void {
  for (const [role, from] of roles.inherited) {
    const unknown = from.find((one) => !named.includes(one));
    if (unknown === undefined) continue;
    const known = named.join(", ");
    throw invalid(`roles.${role}.inherits`, `neither policy nor contract has a role "${unknown}": there are ${known}`);
  }
}

function namedRoles({ roles }: Policy, simple: readonly ReadRule[]): readonly string[] {
  return [...new Set([...simple.map(({ role }) => role), ...Array.from(roles.inherited, ([role]) => role)])];
}
