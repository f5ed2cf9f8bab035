import type { CallDefinition } from "../contract/call.js";
import type { Contract, Definition } from "../contract/contract.js";
import { isOperatorCall } from "../contract/operator-calls.js";
import { PatternTree } from "../contract/pattern.js";
import { causeText } from "../kernel/cause-text.js";
import type { Action } from "./action.js";
import { invalid, type ReadRule } from "./policy.js";

/** A rule, as far as it is about one action on one pattern of the contract. */
export interface BoundRule {
  readonly rule: ReadRule;
  readonly action: Action;
  /** The contract's. */
  readonly pattern: string;
  /** Parameters of the contract's pattern that the rule's pattern writes out. */
  readonly fixed: readonly (readonly [param: string, value: string])[];
}

/** Which actions there are on what a pattern stands for. */
export function actionsOn(definition: Definition): readonly Action[] {
  if (definition.kind === "channel") return ["subscribe", "publish", "presence", "history", "operate"];
  return [callAction(definition)];
}

/** What it takes to make a call, or to offer one. */
export function callAction(definition: CallDefinition): Extract<Action, "call" | "operate"> {
  return isOperatorCall(definition) ? "operate" : "call";
}

/**
 * Find what of a contract a rule is about.
 *
 * A pattern is the contract's own, or has some of its parameters written out. It means what the contract means by it: a
 * name that two patterns match belongs to one of them, and a rule about the other says nothing of it.
 *
 * @throws BusbarError `policy/invalid` where a pattern, an action or a parameter means nothing.
 */
export function bind(rule: ReadRule, contract: Contract): BoundRule[] {
  const bound: BoundRule[] = [];
  for (const pattern of rule.patterns) {
    const targets = pattern === "*" ? everything(contract) : targetsOf(rule, pattern, contract);
    const found = targets.flatMap(({ definition, fixed, pattern: target }) => {
      const possible = actionsOn(definition);
      return rule.actions
        .filter((action) => possible.includes(action))
        .map((action) => ({ rule, action, pattern: target, fixed }));
    });
    if (found.length === 0) throw invalid(rule.text, `${rule.actions.join(", ")}: "${pattern}" has nothing of that`);
    bound.push(...found);
  }
  const idle = rule.actions.find((action) => !bound.some((one) => one.action === action));
  if (rule.isExplicit && idle !== undefined)
    throw invalid(rule.text, `there is no ${idle} on any of these: take it out`);
  return bound;
}

interface Target extends Pick<BoundRule, "pattern" | "fixed"> {
  readonly definition: Definition;
}

function everything({ definitions }: Contract): Target[] {
  return Object.entries(definitions).map(([pattern, definition]) => ({ pattern, definition, fixed: [] }));
}

/** The channel and the call that a pattern means: mostly one of them. */
function targetsOf(rule: ReadRule, pattern: string, contract: Contract): Target[] {
  requirePattern(rule, pattern);
  const matches = [contract.match(pattern), contract.matchCall(pattern)].filter((match) => match !== undefined);
  if (matches.length === 0) {
    const names = Object.keys(contract.definitions).map((name) => `"${name}"`);
    throw invalid(rule.text, `the contract has no "${pattern}": it has ${names.join(", ")}`);
  }
  const targets = matches.map(({ definition, params, pattern: target }) => {
    const fixed: [string, string][] = [];
    for (const [param, segment] of Object.entries(params)) {
      if (!segment.startsWith(":")) fixed.push([param, segment]);
      else if (segment !== `:${param}`) {
        throw invalid(rule.text, `"${pattern}" is "${target}" in the contract: name its parameters as that does`);
      }
    }
    return { pattern: target, definition, fixed };
  });
  for (const [param] of rule.where) {
    if (pattern.split("/").includes(`:${param}`)) continue;
    throw invalid(rule.text, `where.${param} is no parameter of "${pattern}"`);
  }
  return targets;
}

function requirePattern(rule: ReadRule, pattern: string): void {
  try {
    new PatternTree<true>().add(pattern, true);
  } catch (error) {
    throw invalid(rule.text, causeText(error));
  }
}
