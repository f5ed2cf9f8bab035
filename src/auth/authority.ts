import type { Contract } from "../contract/contract.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import { noPolicy, type Policy } from "./policy.js";
import type { Principal } from "./principal.js";
import { Rulebook, type ConditionFailure, type Decision, type Question } from "./rulebook.js";

export interface PolicyLimits {
  /** So many principals can have roles that the server's own code gave them. */
  readonly assignmentsMax: number;
}

/** The one table of defaults. */
export const policyLimits: PolicyLimits = { assignmentsMax: 100_000 };

export interface AuthorityOptions {
  readonly contract: Contract;
  /** What goes beside the contract's `allow`. Default: nothing. */
  readonly policy?: Policy | undefined;
  /** Throws where a policy must not be in force. */
  readonly check?: (rulebook: Rulebook) => void;
  readonly logger: Logger;
  readonly limits?: Partial<PolicyLimits> | undefined;
}

/** Who may do what now: the policy in force, and the roles that the server's own code gave to principals. */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #limits: PolicyLimits;
  readonly #assigned = new Map<string, readonly string[]>();
  #policy: Policy;
  #rulebook: Rulebook;
  #generation = 1;

  /** @throws BusbarError `policy/invalid` where the policy does not fit the contract. */
  constructor(options: AuthorityOptions) {
    this.#options = options;
    this.#limits = { ...policyLimits, ...options.limits };
    this.#policy = options.policy ?? noPolicy;
    this.#rulebook = this.read(this.#policy);
  }

  /** Another number after each change of the policy, from 1 on: what was decided before counts no more. */
  get generation(): number {
    return this.#generation;
  }

  get policy(): Policy {
    return this.#policy;
  }

  decide(question: Question): Decision {
    return this.#rulebook.decide(question);
  }

  /** The policy in force, bound to the contract. */
  get rulebook(): Rulebook {
    return this.#rulebook;
  }

  get contract(): Contract {
    return this.#options.contract;
  }

  /** Decide by this policy from now on. @throws BusbarError `policy/invalid`; then the old one stays. */
  replace(policy: Policy): void {
    this.#rulebook = this.read(policy);
    this.#policy = policy;
    this.#generation++;
  }

  /** What conditions look at has changed: what was decided counts no more. */
  reconsider(): void {
    this.#generation++;
  }

  /** A policy, as it would be in force here, to be tried. @throws BusbarError `policy/invalid`. */
  read(policy: Policy): Rulebook {
    const { check, contract } = this.#options;
    const rulebook = new Rulebook(contract, policy, (failure) => this.#failed(failure));
    check?.(rulebook);
    return rulebook;
  }

  /**
   * Give a principal these roles, whatever its credentials say; undefined: those of its credentials again.
   *
   * @throws BusbarError `policy/too-many-assignments`: none that is known is forgotten for it.
   */
  assign(principalId: string, roles: readonly string[] | undefined): void {
    const { assignmentsMax } = this.#limits;
    if (roles === undefined) return void this.#assigned.delete(principalId);
    if (this.#assigned.size >= assignmentsMax && !this.#assigned.has(principalId)) {
      const message = `${assignmentsMax} principals have roles by the server's own code already; take some back`;
      throw new BusbarError("policy/too-many-assignments", message);
    }
    this.#assigned.set(principalId, [...roles]);
  }

  /** The principal with the roles that it has here. */
  effective(principal: Principal): Principal {
    const roles = this.#assigned.get(principal.id);
    return roles === undefined ? principal : { ...principal, roles };
  }

  #failed({ cause, principal, rule }: ConditionFailure): void {
    this.#options.logger.error("policy/condition-failed", { rule, principal, cause: causeText(cause) });
  }
}
