import { isJsonObject } from "../wire/json.js";
import type { HashedUser } from "./basic.js";
import { parsePasswordHash } from "./password-hash.js";
import { parseStrictObject } from "./strict-json.js";

/** The text of a users file: JSON, one member for each user. */
export type UserTable = ReadonlyMap<string, HashedUser>;

/** The most bytes of a user's name. */
const NAME_BYTES_MAX = 255;

/** So many roles has a user at most. */
const ROLES_MAX = 100;

/** Why this is no user's name; undefined where it is one. */
export function nameFault(name: string): string | undefined {
  if (name === "") return "a user's name is not empty";
  // RFC 7617, 2: neither a colon nor control characters.
  if (/[:\p{Cc}]/u.test(name)) return "a user's name has neither colons nor control characters";
  if (name.length > NAME_BYTES_MAX) return `a user's name has at most ${NAME_BYTES_MAX} characters`;
  return name === "__proto__" ? "__proto__ is nobody's name" : undefined;
}

/** Why these are no roles; undefined where they are. */
export function rolesFault(roles: unknown): string | undefined {
  if (!Array.isArray(roles) || roles.length > ROLES_MAX) return `roles are a list of at most ${ROLES_MAX} names`;
  const isName = (role: unknown): boolean => typeof role === "string" && /^[^\s\p{Cc},]+$/u.test(role);
  return roles.every(isName) ? undefined : "a role's name has neither blanks nor commas, and is not empty";
}

/** Read the text of a users file; a text that says why where it is none. */
export function parseUsers(text: string): UserTable | string {
  const document = parseStrictObject(text);
  const users = document?.["users"];
  if (!isJsonObject(users)) return 'it is no JSON object with a member "users"';
  const table = new Map<string, HashedUser>();
  for (const [name, user] of Object.entries(users)) {
    const fault = nameFault(name) ?? userFault(user);
    if (fault !== undefined) return `the user ${JSON.stringify(name)}: ${fault}`;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its members were looked at
    table.set(name, user as HashedUser);
  }
  return table;
}

function userFault(user: unknown): string | undefined {
  if (!isJsonObject(user)) return "it is no object";
  const { claims = {}, passwordHash, roles } = user;
  if (typeof passwordHash !== "string" || parsePasswordHash(passwordHash) === undefined)
    return "its passwordHash is none";
  return isJsonObject(claims) ? rolesFault(roles) : "its claims are no object";
}

/** Write a users file's text, one line for each user. */
export function formatUsers(table: UserTable): string {
  const lines = Array.from(table, ([name, user]) => `    ${JSON.stringify(name)}: ${JSON.stringify(user)}`);
  return `{\n  "users": {${lines.length > 0 ? `\n${lines.join(",\n")}\n  ` : ""}}\n}\n`;
}

/** Whose password, roles or claims are other ones, or who is gone. */
export function changedUsers(before: UserTable, after: UserTable): string[] {
  const isChanged = ([name, user]: [string, HashedUser]): boolean =>
    JSON.stringify(after.get(name)) !== JSON.stringify(user);
  return Array.from(before)
    .filter(isChanged)
    .map(([name]) => name);
}
