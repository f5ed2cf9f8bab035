import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatUsers } from "../auth/users-document.js";
import type { HashedUser } from "../auth/basic.js";
import type { LogFields, Logger } from "../kernel/logger.js";
import { silentLogger } from "../kernel/logger.js";
import { usersFile } from "./users-file.js";

const passwordHash = `$scrypt$ln=14,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

describe("a users file", () => {
  let folder: string;
  let path: string;
  const ends: (() => void)[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "busbar-users-"));
    path = join(folder, "users.json");
    write({ ada: { passwordHash, roles: ["member"] }, bob: { passwordHash, roles: [] } });
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
    rmSync(folder, { recursive: true });
  });

  /** As the command line does it. */
  function write(users: Record<string, HashedUser> | string): void {
    const text = typeof users === "string" ? users : formatUsers(new Map(Object.entries(users)));
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  it("knows the users that are in it", () => {
    const users = usersFile(path);
    expect(users.find("ada")).toEqual({ passwordHash, roles: ["member"] });
    expect(users.find("eve")).toBeUndefined();
  });

  it("has to be there, and to be one", () => {
    const missing = join(folder, "nowhere.json");
    expect(() => usersFile(missing)).toThrow(
      expect.objectContaining({ code: "auth/users-file", message: expect.stringContaining(missing) }),
    );
    write('{"users":{"ada":{}}}');
    expect(() => usersFile(path)).toThrow(
      expect.objectContaining({ code: "auth/users-file", message: expect.stringContaining('the user "ada"') }),
    );
  });

  it("is read again when it changes, and whoever watches is told whom that concerns", async () => {
    const users = usersFile(path);
    const [first, second] = [changes(), changes()];
    ends.push(users.watch({ onChanged: first.onChanged, logger: silentLogger }));
    ends.push(users.watch({ onChanged: second.onChanged, logger: silentLogger }));
    write({ ada: { passwordHash, roles: ["operator"] }, eve: { passwordHash, roles: [] } });
    expect(await first.next).toEqual(["ada", "bob"]);
    expect(await second.next).toEqual(["ada", "bob"]);
    expect(users.find("ada")?.roles).toEqual(["operator"]);
    expect(users.find("bob")).toBeUndefined();
    expect(users.find("eve")).toBeDefined();
  });

  it("that changed before it was watched is noticed", async () => {
    const users = usersFile(path);
    write({});
    const { next, onChanged } = changes();
    ends.push(users.watch({ onChanged, logger: silentLogger }));
    expect(await next).toEqual(["ada", "bob"]);
  });

  it("that cannot be read leaves everybody who they were, and is told of", async () => {
    const users = usersFile(path);
    const logged = new Promise<LogFields | undefined>((resolve) => {
      const logger: Logger = { ...silentLogger, error: (_event, fields) => resolve(fields) };
      ends.push(users.watch({ onChanged: () => undefined, logger }));
    });
    write("{");
    expect(await logged).toMatchObject({ cause: expect.stringContaining(path) });
    expect(users.find("ada")).toBeDefined();
  });
});

function changes(): { onChanged: (ids: readonly string[]) => void; next: Promise<readonly string[]> } {
  let onChanged: (ids: readonly string[]) => void = () => undefined;
  const next = new Promise<readonly string[]>((resolve) => (onChanged = resolve));
  return { onChanged, next };
}
