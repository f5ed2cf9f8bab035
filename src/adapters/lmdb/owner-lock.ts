import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join, relative } from "node:path";
import { BusbarError } from "../../kernel/errors.js";

/** The longest path that a Unix socket can have everywhere (`sun_path` has 104 bytes on some systems). */
const SOCKET_PATH_BYTES_MAX = 103;

/** So often another process can be faster before this one gives up. */
const ATTEMPTS_MAX = 10;

/** Where the owner's name is kept: read and replaced in one go. */
export interface OwnerRecord {
  read(): string | undefined;
  /** Write `next` where the owner is still `expected`; false where it is not. */
  replace(expected: string | undefined, next: string | undefined): boolean;
}

/**
 * Says which process owns a folder. The owner listens on a socket in the folder, so that its end, however sudden, is
 * seen at once and nothing stale is left to wait for.
 */
export class OwnerLock {
  readonly #record: OwnerRecord;
  readonly #name: string;
  readonly #server: Server;

  private constructor(record: OwnerRecord, name: string, server: Server) {
    this.#record = record;
    this.#name = name;
    this.#server = server;
  }

  /**
   * Own the folder, or reject with `store/in-use`.
   *
   * @param name of this owner: no other has ever had it.
   */
  static async take(folder: string, record: OwnerRecord, name: string): Promise<OwnerLock> {
    const server = createServer((socket) => socket.destroy());
    server.listen(socketPath(folder, name));
    await once(server, "listening");
    server.unref();
    const lock = new OwnerLock(record, name, server);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const owner = record.read();
      if (owner !== undefined && (await isAlive(socketPath(folder, owner)))) break;
      if (!record.replace(owner, name)) continue;
      if (owner !== undefined) rmSync(socketPath(folder, owner), { force: true });
      return lock;
    }
    await lock.stop();
    throw new BusbarError("store/in-use", `another server has opened the store in ${folder}: a folder is for one`);
  }

  async release(): Promise<void> {
    this.#record.replace(this.#name, undefined);
    await this.stop();
  }

  /** Leave the folder without a word in its record: whoever comes next sees that nobody is there. */
  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function socketPath(folder: string, name: string): string {
  const absolute = join(folder, `${name}.owner`);
  const near = relative(process.cwd(), absolute);
  const path = near.length < absolute.length ? near : absolute;
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  throw new BusbarError(
    "store/unwritable",
    `${folder} is too long a path: its sockets' names have ${SOCKET_PATH_BYTES_MAX} bytes`,
  );
}

async function isAlive(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
