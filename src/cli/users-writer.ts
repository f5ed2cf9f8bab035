import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { HashedUser } from "../auth/basic.js";
import { formatUsers } from "../auth/users-document.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import { readUsers } from "../server/users-file.js";

/** So long a command waits for another one that changes the same file. */
const WAIT_MS = 5_000;
const LOOK_EVERY_MS = 20;

/** Whoever else can read hashes can try passwords out. */
const MODE = 0o600;

/** The users of a file; none where there is no file, if that is to be made. */
export async function loadUsers(path: string, ifMissing: "create" | "refuse"): Promise<Map<string, HashedUser>> {
  const isMissing = ifMissing === "create" && (await statOf(path)) === undefined;
  return new Map(isMissing ? [] : readUsers(path));
}

/**
 * Change the users of a file: no reader ever sees half of it, no other command's change is lost, and it is on the disk when
 * this resolves. Owner and mode stay; a new file is its owner's alone to read.
 *
 * Rejects with what `change` throws, with `auth/users-file`, `cli/locked` or `cli/not-written`; the file is as it was then.
 */
export async function changeUsers(
  path: string,
  change: (users: Map<string, HashedUser>) => void,
  ifMissing: "create" | "refuse" = "refuse",
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const lock = `${target}.lock`;
  await takeLock(lock);
  try {
    const users = await loadUsers(target, ifMissing);
    change(users);
    await replace(target, formatUsers(users));
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    try {
      const file = await open(lock, "wx", MODE);
      await file.writeFile(`${process.pid}\n`);
      return await file.close();
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw notWritten(lock, cause);
    }
    if (waitedMs >= WAIT_MS) throw await locked(lock);
    await setTimeout(LOOK_EVERY_MS);
  }
}

async function locked(lock: string): Promise<BusbarError> {
  const holder = (await readFile(lock, "utf8").catch(() => "")).trim();
  return new BusbarError(
    "cli/locked",
    `${lock} says that the process ${holder} is changing the users. If there is none, remove that file and try again`,
  );
}

async function replace(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    const before = await statOf(path);
    const file = await open(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, MODE);
    try {
      await file.writeFile(content);
      if (before !== undefined) {
        const own = await file.stat();
        if (before.uid !== own.uid || before.gid !== own.gid) await file.chown(before.uid, before.gid);
        await file.chmod(before.mode);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(draft, { force: true });
    throw notWritten(path, cause);
  }
}

/** A file's new name is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

function notWritten(path: string, cause: unknown): BusbarError {
  return new BusbarError("cli/not-written", `${path} cannot be written: ${causeText(cause)}`, { cause });
}
