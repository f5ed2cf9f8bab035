import { BusbarError } from "../kernel/errors.js";

/** The roles that somebody has by some list of roles, and how: the role that is held first, then whom it inherits from. */
export type HeldRoles = ReadonlyMap<string, readonly string[]>;

/** Which roles inherit from which. */
export class RoleTree {
  readonly #inherited: ReadonlyMap<string, readonly string[]>;
  /** By the list itself: a principal's is the same for as long as it lives. */
  readonly #held = new WeakMap<readonly string[], HeldRoles>();

  /** @throws BusbarError `policy/circle`. */
  constructor(inherited: ReadonlyMap<string, readonly string[]>) {
    this.#inherited = inherited;
    const safe = new Set<string>();
    for (const role of inherited.keys()) this.#requireNoCircle([role], safe);
  }

  /** What each role inherits from, at once; a role that inherits nothing has an empty list. */
  get inherited(): Iterable<readonly [role: string, from: readonly string[]]> {
    return this.#inherited;
  }

  /** All roles that a list of roles comes to, each by the shortest way. */
  heldBy(roles: readonly string[]): HeldRoles {
    const known = this.#held.get(roles);
    if (known !== undefined) return known;
    const held = new Map<string, readonly string[]>();
    let next: (readonly string[])[] = roles.map((role) => [role]);
    while (next.length > 0) {
      const beyond: (readonly string[])[] = [];
      for (const path of next) {
        const role = String(path.at(-1));
        if (held.has(role)) continue;
        held.set(role, path);
        for (const from of this.#inherited.get(role) ?? []) beyond.push([...path, from]);
      }
      next = beyond;
    }
    this.#held.set(roles, held);
    return held;
  }

  /** @param path whom the last role of it is inherited by, from the first on */
  #requireNoCircle(path: readonly string[], safe: Set<string>): void {
    const role = String(path.at(-1));
    if (safe.has(role)) return;
    for (const from of this.#inherited.get(role) ?? []) {
      const begin = path.indexOf(from);
      if (begin >= 0) {
        const circle = [...path.slice(begin), from].join(" > ");
        throw new BusbarError(
          "policy/circle",
          `roles inherit from themselves: ${circle}; take one "inherits" of these out`,
        );
      }
      this.#requireNoCircle([...path, from], safe);
    }
    safe.add(role);
  }
}
