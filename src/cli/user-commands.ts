import type { HashedUser } from "../auth/basic.js";
import { nameFault, rolesFault } from "../auth/users-document.js";
import { hashPassword } from "../engine/passwords.js";
import { BusbarError } from "../kernel/errors.js";
import type { Terminal } from "./terminal.js";
import { changeUsers, loadUsers } from "./users-writer.js";

export interface UserCommand {
  readonly file: string;
  /** What stands behind the command's name. */
  readonly operands: readonly string[];
  /** What stands behind `--roles`. */
  readonly roles: string | undefined;
}

/** A command on users: how it is called, and what it does. It resolves when that is on the disk. */
export interface UserCommandKind {
  readonly operands: readonly string[];
  readonly takesRoles?: boolean;
  readonly summary: string;
  run(command: UserCommand, terminal: Terminal): Promise<void>;
}

/** NIST SP 800-63B, 5.1.1.2. */
const PASSWORD_LENGTH_MIN = 8;

export const userCommands: Readonly<Record<string, UserCommandKind>> = {
  add: { operands: ["NAME"], takesRoles: true, summary: "add a user; a file that is missing is made", run: add },
  passwd: { operands: ["NAME"], summary: "give a user another password", run: changePassword },
  roles: {
    operands: ["NAME", "ROLES"],
    summary: 'give a user these roles and no others; "" for none',
    run: changeRoles,
  },
  remove: { operands: ["NAME"], summary: "remove a user", run: remove },
  list: { operands: [], summary: "name the users and their roles", run: list },
};

async function add({ file, operands, roles = "" }: UserCommand, terminal: Terminal): Promise<void> {
  const name = nameIn(operands);
  const user = { roles: rolesIn(roles) };
  const requireNew = (users: ReadonlyMap<string, HashedUser>): void => {
    if (users.has(name)) throw new BusbarError("cli/user-exists", `${file} has a user ${name} already`);
  };
  // Before anybody types a password.
  requireNew(await loadUsers(file, "create"));
  const passwordHash = await hashPassword(await newPassword(name, terminal));
  const change = (users: Map<string, HashedUser>): void => {
    requireNew(users);
    users.set(name, { passwordHash, ...user });
  };
  await changeUsers(file, change, "create");
  terminal.print(`added ${name} to ${file}`);
}

async function changePassword({ file, operands }: UserCommand, terminal: Terminal): Promise<void> {
  const name = nameIn(operands);
  userIn(await loadUsers(file, "refuse"), name, file);
  const passwordHash = await hashPassword(await newPassword(name, terminal));
  await changeUsers(file, (users) => void users.set(name, { ...userIn(users, name, file), passwordHash }));
  terminal.print(`changed the password of ${name} in ${file}`);
}

async function changeRoles({ file, operands }: UserCommand, terminal: Terminal): Promise<void> {
  const name = nameIn(operands);
  const roles = rolesIn(operands[1] ?? "");
  await changeUsers(file, (users) => void users.set(name, { ...userIn(users, name, file), roles }));
  terminal.print(`changed the roles of ${name} in ${file}`);
}

async function remove({ file, operands }: UserCommand, terminal: Terminal): Promise<void> {
  const name = nameIn(operands);
  await changeUsers(file, (users) => {
    userIn(users, name, file);
    users.delete(name);
  });
  terminal.print(`removed ${name} from ${file}`);
}

async function list({ file }: UserCommand, terminal: Terminal): Promise<void> {
  for (const [name, { roles }] of await loadUsers(file, "refuse")) terminal.print(`${name}\t${roles.join(",")}`);
}

function nameIn([name = ""]: readonly string[]): string {
  const fault = nameFault(name);
  if (fault !== undefined) throw new BusbarError("cli/usage", fault);
  return name;
}

function rolesIn(text: string): string[] {
  const roles = text === "" ? [] : text.split(",");
  const fault = rolesFault(roles);
  if (fault !== undefined) throw new BusbarError("cli/usage", fault);
  return roles;
}

function userIn(users: ReadonlyMap<string, HashedUser>, name: string, file: string): HashedUser {
  const user = users.get(name);
  if (user === undefined) throw new BusbarError("cli/no-such-user", `${file} has no user ${name}`);
  return user;
}

/** People type it twice; programs write it once, as one line. */
async function newPassword(name: string, { askSecret, readAll }: Terminal): Promise<string> {
  const password =
    askSecret === undefined ? (await readAll()).replace(/\r?\n$/, "") : await askSecret(`Password for ${name}: `);
  const fault = passwordFault(password);
  if (fault !== undefined) throw new BusbarError("cli/weak-password", fault);
  if (askSecret !== undefined && (await askSecret("The same again: ")) !== password) {
    throw new BusbarError("cli/weak-password", "the two are not the same");
  }
  return password;
}

function passwordFault(password: string): string | undefined {
  if (/\p{Cc}/u.test(password)) return "a password is one line, without control characters";
  const isLong = Array.from(password).length >= PASSWORD_LENGTH_MIN;
  return isLong ? undefined : `a password has at least ${PASSWORD_LENGTH_MIN} characters`;
}
