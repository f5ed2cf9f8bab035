import type { Params } from "../contract/pattern.js";
import { actions, type Action } from "./action.js";
import type { Authority } from "./authority.js";
import type { Principal } from "./principal.js";
import type { Decision } from "./rulebook.js";

/** About so many names the answers are kept for a session: one answer for each action that was asked about. */
export const decisionsMax = 256;

/** What kind of channel or call a name means. */
export interface Meaning {
  readonly pattern: string;
  readonly params: Params;
}

/** A channel or a call, by its name. */
export interface Asked extends Meaning {
  readonly name: string;
}

/** Something that a session asked for, and the answer. */
export interface Decided {
  readonly action: Action;
  readonly name: string;
  readonly decision: Decision;
}

/** The answers about one name, by action: one object for each name takes less memory than one for each question. */
interface Answers extends Record<Action, Decision | undefined> {
  /** What the name meant. */
  readonly pattern: string;
}

/** What a session may do: each question is decided once, until the policy or its principal is another. */
export class Access {
  readonly #authority: Authority;
  /** By name. Those that were asked about first come first. */
  readonly #decided = new Map<string, Answers>();
  /** The last answer by a rule, which the next one is shared with where it is the same. */
  #latest: Decision | undefined;
  /** Of which policy the answers are. */
  #answered = 0;
  /** How often its own principal's roles changed. */
  #changes = 0;
  #principal: Principal | undefined;

  constructor(authority: Authority) {
    this.#authority = authority;
  }

  /** Another number after each change of the policy, or of the principal's roles: what was allowed before may not be. */
  get generation(): number {
    return this.#authority.generation + this.#changes;
  }

  /** What was decided for the session of late, by the policy in force. */
  get decided(): readonly Decided[] {
    return this.#answered === this.generation ? Array.from(this.#decided, decidedOf).flat() : [];
  }

  /** The principal has other roles. */
  reconsider(): void {
    this.#changes++;
  }

  decide(principal: Principal, action: Action, asked: Asked): Decision {
    const { name, params, pattern } = asked;
    const { generation } = this;
    if (this.#answered !== generation || this.#principal !== principal) {
      this.#decided.clear();
      this.#answered = generation;
      this.#principal = principal;
    }
    const known = this.#decided.get(name);
    const answers = known?.pattern === pattern ? known : noAnswers(pattern);
    const decision = (answers[action] ??= this.#shared(this.#authority.decide({ principal, action, pattern, params })));
    if (answers !== known) this.#keep(name, answers);
    return decision;
  }

  /** Nearly all answers of a session come from one rule, by one role: they are one object then. */
  #shared(decision: Decision): Decision {
    const latest = this.#latest;
    if (latest !== undefined && isSame(latest, decision)) return latest;
    this.#latest = decision;
    return decision;
  }

  #forgetOldest(): void {
    for (const name of this.#decided.keys()) {
      this.#decided.delete(name);
      return;
    }
  }

  #keep(name: string, answers: Answers): void {
    if (this.#decided.size >= decisionsMax) this.#forgetOldest();
    this.#decided.set(name, answers);
  }
}

function noAnswers(pattern: string): Answers {
  return {
    pattern,
    subscribe: undefined,
    publish: undefined,
    presence: undefined,
    history: undefined,
    call: undefined,
    operate: undefined,
  };
}

function decidedOf([name, answers]: readonly [string, Answers]): Decided[] {
  return actions.flatMap((action) => {
    const decision = answers[action];
    return decision === undefined ? [] : [{ action, name, decision }];
  });
}

function isSame(one: Decision, other: Decision): boolean {
  return one.rule === other.rule && one.path === other.path && one.isAllowed === other.isAllowed;
}
