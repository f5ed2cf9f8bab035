import { readFileSync, statSync, type BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import type { AuthenticatorWatch } from "../auth/authenticator.js";
import type { HashedUser, UserSource } from "../auth/basic.js";
import { changedUsers, parseUsers, type UserTable } from "../auth/users-document.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";

/** The file is looked at so often: who was taken out of it is gone within a second. */
const LOOK_EVERY_MS = 400;

/**
 * Users that `npx busbar user` keeps in a file, with hashes of their passwords. A server that runs notices within a second
 * what changed: the sessions of whoever has another password, other roles or other claims, or is gone, end, and have to
 * say anew who they are. A file that cannot be read then changes nothing, and the log says why (`auth/users-not-loaded`).
 *
 * @example basic(usersFile("/etc/busbar/users.json"))
 * @throws BusbarError `auth/users-file`
 */
export function usersFile(path: string): UserSource {
  return new UsersFile(path);
}

/**
 * Read the users of a file.
 *
 * @throws BusbarError `auth/users-file`
 */
export function readUsers(path: string): UserTable {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw unusable(`the users cannot be read from ${path}: ${causeText(cause)}`, cause);
  }
  const table = parseUsers(text);
  if (typeof table === "string") throw unusable(`${path} is no file of users: ${table}`);
  return table;
}

function unusable(message: string, cause?: unknown): BusbarError {
  return new BusbarError("auth/users-file", message, { cause });
}

class UsersFile implements UserSource {
  readonly #path: string;
  readonly #watches = new Set<AuthenticatorWatch>();
  #table: UserTable;
  /** What the file was like before it was read: it is read again when it is not like that. */
  #state: string;
  /** Not a system's own notices: they end with the file that another one is put in the place of. */
  #poll: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#state = stateOf(statSync(path, { bigint: true, throwIfNoEntry: false }));
    this.#table = readUsers(path);
  }

  find(username: string): HashedUser | undefined {
    return this.#table.get(username);
  }

  watch(watch: AuthenticatorWatch): () => void {
    this.#watches.add(watch);
    this.#poll ??= setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
    return () => {
      this.#watches.delete(watch);
      if (this.#watches.size > 0) return;
      clearInterval(this.#poll);
      this.#poll = undefined;
    };
  }

  async #look(): Promise<void> {
    const state = stateOf(await stat(this.#path, { bigint: true }).catch(() => undefined));
    if (state === this.#state) return;
    this.#state = state;
    try {
      const before = this.#table;
      this.#table = readUsers(this.#path);
      const changed = changedUsers(before, this.#table);
      for (const { logger, onChanged } of this.#watches) {
        logger.info("auth/users-loaded", { path: this.#path, users: this.#table.size, changed: changed.length });
        if (changed.length > 0) onChanged(changed);
      }
    } catch (error) {
      for (const { logger } of this.#watches) logger.error("auth/users-not-loaded", { cause: causeText(error) });
    }
  }
}

/** Another text for another file, and for one that was written since. */
function stateOf(stats: BigIntStats | undefined): string {
  return stats === undefined ? "missing" : [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(" ");
}
