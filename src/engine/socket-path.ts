import { lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";

/**
 * Remove the file of a Unix socket that nobody listens on any more.
 *
 * A process that is killed leaves it behind, and nobody can listen on that path before it is gone. A socket that somebody
 * answers on stays, and so does every file that is no socket: whoever listens then is told that the path is in use.
 */
export async function freeSocketPath(path: string): Promise<void> {
  try {
    const found = socketAt(path);
    if (found === undefined || !(await isRefused(path))) return;
    // Somebody else may have done the same in the meantime, and listen there.
    if (socketAt(path) === found) unlinkSync(path);
  } catch {
    // What can neither be looked at nor removed cannot be listened on either: that says why.
  }
}

/** Which socket has this path; undefined where there is none. */
function socketAt(path: string): string | undefined {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return file?.isSocket() === true ? `${file.dev} ${file.ino} ${file.ctimeNs}` : undefined;
}

/** Whether nobody listens there. Anything else than a plain refusal may be somebody who is busy, or whom we may not ask. */
function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED"));
  });
}
