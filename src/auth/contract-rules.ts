import type { Contract, Definition } from "../contract/contract.js";
import type { Action } from "./action.js";
import type { ReadRule } from "./policy.js";
import { callAction } from "./rule-binding.js";

/** What a contract's `allow` says, as rules: one for each role, action and pattern. */
export function contractRules({ definitions }: Contract): ReadRule[] {
  return Object.entries(definitions).flatMap(([pattern, definition]) =>
    allowances(definition).flatMap(({ action, name, roles = [] }) =>
      roles.map((role): ReadRule => {
        const text = `allow.${name} of "${pattern}"`;
        const always = { effect: "allow", where: [], condition: undefined, isExplicit: true } as const;
        return { ...always, role, actions: [action], patterns: [pattern], text };
      }),
    ),
  );
}

interface Allowance {
  readonly action: Action;
  /** The member of `allow`. */
  readonly name: string;
  readonly roles: readonly string[] | undefined;
}

function allowances(definition: Definition): readonly Allowance[] {
  if (definition.kind === "call") {
    return [{ action: callAction(definition), name: "call", roles: definition.allow.call }];
  }
  return (["subscribe", "publish", "presence"] as const).map((name) => {
    return { action: name, name, roles: definition.allow[name] };
  });
}
