import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { BusbarError } from "../kernel/errors.js";
import type { Terminal } from "./terminal.js";
import { userCommands, type UserCommandKind } from "./user-commands.js";

const FILE_DEFAULT = "users.json";

/** Carry a command line out; resolves with the exit code: 0, or 1 where it failed, or 2 where it was no command. */
export async function run(line: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await dispatch(line, terminal);
    return 0;
  } catch (error) {
    if (!(error instanceof BusbarError)) throw error;
    terminal.printError(`busbar: ${error.message}`);
    if (error.code !== "cli/usage") return 1;
    terminal.printError("busbar --help says how it is called");
    return 2;
  }
}

async function dispatch(line: readonly string[], terminal: Terminal): Promise<void> {
  const { positionals, values } = parsed(line);
  if (values.version === true) return terminal.print(version());
  const [topic, name = "", ...operands] = positionals;
  if (values.help === true || topic === undefined) return terminal.print(usage());
  const kind = topic === "user" && Object.hasOwn(userCommands, name) ? userCommands[name] : undefined;
  if (kind === undefined) throw misused("there is no such command");
  if (operands.length !== kind.operands.length) throw misused(`this is: busbar user ${form(name, kind)}`);
  if (values.roles !== undefined && kind.takesRoles !== true) throw misused(`busbar user ${name} takes no --roles`);
  await kind.run({ file: values.file, operands, roles: values.roles }, terminal);
}

const options = {
  file: { type: "string", default: FILE_DEFAULT },
  roles: { type: "string" },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

/** What stands on the line is not repeated: it may be a password in the wrong place. */
function parsed(
  line: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>> {
  const names = line.flatMap((word) => /^--([^=]*)/.exec(word)?.[1] ?? []);
  if (names.some((name) => /pass|secret/i.test(name))) {
    throw misused(
      "other users of this machine can read command lines: a password is asked for, or read from standard input",
    );
  }
  try {
    return parseArgs({ args: [...line], options, allowPositionals: true });
  } catch (cause) {
    throw new BusbarError("cli/usage", "this command line has an option that is unknown, or lacks its value", {
      cause,
    });
  }
}

function misused(message: string): BusbarError {
  return new BusbarError("cli/usage", message);
}

function form(name: string, { operands, takesRoles = false }: UserCommandKind): string {
  return [name, ...operands, ...(takesRoles ? ["[--roles ROLE,ROLE]"] : []), "[--file FILE]"].join(" ");
}

function usage(): string {
  const commands = Object.entries(userCommands).map(([name, kind]) => {
    return `  busbar user ${form(name, kind)}\n      ${kind.summary}`;
  });
  return [
    "busbar: real-time messaging for TypeScript",
    "",
    "Users for basic(usersFile(FILE)):",
    ...commands,
    "",
    `FILE is ${FILE_DEFAULT} in this folder where none is given. Passwords are asked for, or read as one line from standard`,
    "input. A server that runs notices within a second.",
  ].join("\n");
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const found: unknown = JSON.parse(text);
  return String(Reflect.get(Object(found), "version"));
}
