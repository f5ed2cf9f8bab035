import type { Params } from "../contract/pattern.js";
import type { Action } from "./action.js";
import type { Authority } from "./authority.js";
import type { Principal } from "./principal.js";
import type { Decision } from "./rulebook.js";

/** Of so many questions the answers are kept for a session. */
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
  readonly asked: Asked;
  readonly decision: Decision;
}

/** What a session may do: each question is decided once, until the policy or its principal is another. */
export class Access {
  readonly #authority: Authority;
  /** Those that were decided first come first. */
  readonly #decided = new Map<string, Decided>();
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
  get decided(): Iterable<Decided> {
    return this.#answered === this.generation ? this.#decided.values() : [];
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
    const key = `${action} ${name}`;
    const known = this.#decided.get(key);
    if (known !== undefined && known.asked.pattern === pattern) return known.decision;
    const decision = this.#authority.decide({ principal, action, pattern, params });
    this.#keep(key, { action, asked, decision });
    return decision;
  }

  #forgetOldest(): void {
    for (const key of this.#decided.keys()) {
      this.#decided.delete(key);
      return;
    }
  }

  #keep(key: string, decided: Decided): void {
    if (this.#decided.size >= decisionsMax) this.#forgetOldest();
    this.#decided.set(key, decided);
  }
}
