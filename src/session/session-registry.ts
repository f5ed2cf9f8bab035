/** What the registry needs of a session. */
export interface RegisteredSession {
  /** Another connection of the same client took over. */
  replaced(): void;
}

/** The living sessions of clients that have a name: at most one of each. */
export class SessionRegistry {
  readonly #sessions = new Map<string, RegisteredSession>();

  get size(): number {
    return this.#sessions.size;
  }

  /** Note a session by its public name; the one that had this name before is replaced. */
  enter(name: string, session: RegisteredSession): void {
    const before = this.#sessions.get(name);
    this.#sessions.set(name, session);
    before?.replaced();
  }

  leave(name: string, session: RegisteredSession): void {
    if (this.#sessions.get(name) === session) this.#sessions.delete(name);
  }
}
