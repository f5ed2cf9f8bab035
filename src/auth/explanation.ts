import type { Contract } from "../contract/contract.js";
import { isOperatorCall } from "../contract/operator-calls.js";
import { isChannelName } from "../wire/channel-name.js";
import type { Meaning } from "./access.js";
import type { Action } from "./action.js";
import type { Principal } from "./principal.js";
import type { Decision, Rulebook } from "./rulebook.js";

/** Why somebody may do something, or may not. */
export interface Explanation extends Decision {
  readonly principal: string;
  readonly action: Action;
  readonly name: string;
  /** The contract's pattern that the name belongs to; undefined where there is none. */
  readonly pattern: string | undefined;
  /** All of it as a sentence. */
  readonly text: string;
}

/** What the contract means by a name, where that can be done to it; undefined where there is no such thing. */
export function meaningOf(contract: Contract, action: Action, name: string): Meaning | undefined {
  if (!isChannelName(name)) return undefined;
  const call = contract.matchCall(name);
  switch (action) {
    case "call":
      return call !== undefined && isOperatorCall(call.definition) ? undefined : call;
    case "operate":
      return call !== undefined && isOperatorCall(call.definition) ? call : contract.match(name);
    case "subscribe":
    case "publish":
    case "presence":
    case "history":
      return contract.match(name);
  }
}

export interface Inquiry {
  readonly principal: Principal;
  readonly action: Action;
  readonly name: string;
}

/** Decide, and say in words which rule did. */
export function explain(
  { action, name, principal }: Inquiry,
  contract: Contract,
  rulebook: Pick<Rulebook, "decide">,
): Explanation {
  const meaning = meaningOf(contract, action, name);
  const decision: Decision =
    meaning === undefined
      ? { isAllowed: false, rule: `the contract has nothing called "${name}" to ${action}`, path: [] }
      : rulebook.decide({ principal, action, pattern: meaning.pattern, params: meaning.params });
  const { isAllowed, path, rule } = decision;
  const [held, ...inherited] = path;
  const by = held === undefined ? "" : `, by its role ${[held, ...inherited].join(", which inherits from ")}`;
  const text = `${principal.id} ${isAllowed ? "may" : "may not"} ${action} ${name}: ${rule}${by}`;
  return { ...decision, principal: principal.id, action, name, pattern: meaning?.pattern, text };
}
