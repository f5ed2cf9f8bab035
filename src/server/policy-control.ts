import type { Action } from "../auth/action.js";
import type { Authority } from "../auth/authority.js";
import { explain, meaningOf, type Explanation } from "../auth/explanation.js";
import type { Policy } from "../auth/policy.js";
import type { Principal } from "../auth/principal.js";
import { actionsOn } from "../auth/rule-binding.js";
import type { Rulebook } from "../auth/rulebook.js";
import type { Clock, Turns } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import { inSlices } from "../kernel/slices.js";

/** What a session has for whoever decides what its client may do. */
export interface JudgedSession {
  readonly id: string;
  /** Undefined while it is not known who the client is. */
  readonly principal: Principal | undefined;
  /** What it has that takes a permission, and what it was allowed of late. */
  readonly holdings: readonly { readonly action: Action; readonly name: string }[];
  rolesChanged(): void;
  judge(): void;
}

export interface PolicyControlOptions {
  readonly authority: Authority;
  readonly sessions: ReadonlySet<JudgedSession>;
  readonly clock: Pick<Clock, "now">;
  readonly turns: Turns;
}

/** Whom an explanation is about: somebody, connected or not. */
export type SomePrincipal = Pick<Principal, "id" | "roles"> & Partial<Principal>;

/** Something that a session would not be allowed any more. */
export interface Loss {
  readonly action: Action;
  /** A channel or a call that it has or used of late; or a pattern, where it would lose all that it means. */
  readonly name: string;
  /** What would decide. */
  readonly rule: string;
}

/** A session that would lose something. */
export interface Loser {
  readonly session: string;
  readonly principal: string;
  readonly losses: readonly Loss[];
}

export interface DryRun {
  /** How many sessions would lose something. */
  readonly count: number;
  /** The first 10,000 of them. */
  readonly losers: readonly Loser[];
}

const losersMax = 10_000;

/** The policy of a running server: what it decides and why, and another in its place. */
export class PolicyControl {
  readonly #options: PolicyControlOptions;

  constructor(options: PolicyControlOptions) {
    this.#options = options;
  }

  /**
   * Say whether somebody may do something now, and which rule decides: somebody who is connected, by its id, or any
   * principal.
   *
   * @throws BusbarError `policy/unknown-principal` where nobody of that id is connected.
   */
  explain(who: SomePrincipal | string, action: Action, name: string): Explanation {
    const { authority } = this.#options;
    const known = typeof who === "string" ? this.#principalOf(who) : { claims: {}, expiresAtMs: undefined, ...who };
    const principal = authority.effective(known);
    return explain({ principal, action, name }, authority.contract, authority.rulebook);
  }

  /**
   * Say which of the clients that are connected would lose what if this policy were in force, and change nothing.
   *
   * Rejects with `policy/invalid` where it does not fit the contract.
   */
  async dryRun(changed: Policy): Promise<DryRun> {
    const rulebook = this.#options.authority.read(changed);
    const patternsLost = new Map<string, readonly Loss[]>();
    const losers: Loser[] = [];
    let count = 0;
    const look = (session: JudgedSession): void => {
      const { id, principal } = session;
      if (principal === undefined) return;
      const roles = JSON.stringify(principal.roles);
      const patterns = patternsLost.get(roles) ?? this.#patternsLost(principal.roles, rulebook);
      patternsLost.set(roles, patterns);
      const losses = [...this.#holdingsLost(session, principal, rulebook), ...patterns];
      if (losses.length === 0) return;
      count++;
      if (losers.length < losersMax) losers.push({ session: id, principal: principal.id, losses });
    };
    await inSlices(Array.from(this.#options.sessions), look, this.#options);
    return { count, losers };
  }

  /**
   * Put another policy in force. Every command and every message is decided by it at once; resolves when what it does not
   * allow any more has ended everywhere.
   *
   * Rejects with `policy/invalid` where it does not fit the contract; then the old one stays.
   */
  async replace(changed: Policy): Promise<void> {
    this.#options.authority.replace(changed);
    await this.#judge(this.#options.sessions);
  }

  /** Decide everything anew: what conditions look at has changed. Resolves when what is not allowed any more has ended. */
  async reconsider(): Promise<void> {
    this.#options.authority.reconsider();
    await this.#judge(this.#options.sessions);
  }

  /** Give a principal these roles; undefined: those of its credentials. See `server.roles`. */
  async assign(principalId: string, roles: readonly string[] | undefined): Promise<void> {
    this.#options.authority.assign(principalId, roles);
    const sessions = Array.from(this.#options.sessions).filter(({ principal }) => principal?.id === principalId);
    for (const session of sessions) session.rolesChanged();
    await this.#judge(sessions);
  }

  #judge(sessions: Iterable<JudgedSession>): Promise<void> {
    return inSlices(Array.from(sessions), (session) => session.judge(), this.#options);
  }

  #principalOf(id: string): Principal {
    for (const { principal } of this.#options.sessions) if (principal?.id === id) return principal;
    const message = `nobody called ${id} is connected: give a principal with id and roles instead`;
    throw new BusbarError("policy/unknown-principal", message);
  }

  #holdingsLost({ holdings }: JudgedSession, principal: Principal, rulebook: Rulebook): Loss[] {
    const losses = new Map<string, Loss>();
    for (const { action, name } of holdings) {
      const meaning = meaningOf(this.#options.authority.contract, action, name);
      if (meaning === undefined) continue;
      const { isAllowed, rule } = rulebook.decide({ principal, action, ...meaning });
      if (!isAllowed) losses.set(`${action} ${name}`, { action, name, rule });
    }
    return Array.from(losses.values());
  }

  #patternsLost(roles: readonly string[], rulebook: Rulebook): readonly Loss[] {
    const { authority } = this.#options;
    return Object.entries(authority.contract.definitions).flatMap(([pattern, definition]) =>
      actionsOn(definition)
        .filter(
          (action) => authority.rulebook.canEver(roles, action, pattern) && !rulebook.canEver(roles, action, pattern),
        )
        .map((action) => ({ action, name: pattern, rule: `nothing would allow ${action} on "${pattern}" any more` })),
    );
  }
}
