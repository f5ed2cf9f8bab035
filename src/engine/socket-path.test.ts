import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { echo, openClient, startServer } from "../../test/support/engine-ground.js";
import { serve } from "./serve.js";
import { freeSocketPath } from "./socket-path.js";

function somePath(): string {
  const folder = mkdtempSync(join(tmpdir(), "busbar-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "socket");
}

/** Leave a socket's file behind, as a process does that is killed while it listens. */
async function leaveBehind(path: string): Promise<void> {
  const program = join(path, "..", "listener.mjs");
  writeFileSync(
    program,
    `import { createServer } from "node:net";
     createServer().listen(${JSON.stringify(path)}, () => process.send("listening"));`,
  );
  const child = fork(program);
  await once(child, "message");
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function listenAt(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, "listening");
  onTestFinished(() => void server.close());
}

describe("the path of a Unix socket", () => {
  it("is taken over from a process that was killed", async () => {
    const socketPath = somePath();
    await leaveBehind(socketPath);
    expect(existsSync(socketPath)).toBe(true);
    await startServer(echo, { socketPath });
    expect((await openClient("ws://localhost/", { socketPath })).state).toBe("open");
  });

  it("stays with a server that lives", async () => {
    const socketPath = somePath();
    await startServer(echo, { socketPath });
    const refused = { code: "server/cannot-listen", cause: { code: "EADDRINUSE" } };
    await expect(serve(echo, { socketPath })).rejects.toMatchObject(refused);
    expect((await openClient("ws://localhost/", { socketPath })).state).toBe("open");
  });

  it("is not taken from a file that is no socket", async () => {
    const socketPath = somePath();
    writeFileSync(socketPath, "dear diary");
    await expect(serve(echo, { socketPath })).rejects.toMatchObject({ code: "server/cannot-listen" });
    expect(existsSync(socketPath)).toBe(true);
  });

  it.each(["\0busbar", "no\0name", "/nobody/has/this"])("may be %j, where there is no file", async (path) => {
    await expect(freeSocketPath(path)).resolves.toBeUndefined();
  });

  it("stays with whoever listened on it while it was looked at", async () => {
    const path = somePath();
    await leaveBehind(path);
    const listening = freeSocketPath(path).then(() => listenAt(path));
    await Promise.all([listening, freeSocketPath(path)]);
    await freeSocketPath(path);
    expect(existsSync(path)).toBe(true);
  });
});
