/** Workers that attach over a Unix socket, to a server that is killed. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
let env: Record<string, string | undefined>;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "busbar-"));
  const path = join(folder, "workers.sock");
  const key = "a-key-that-nobody-guesses";
  env = {
    ...process.env,
    STORE: join(folder, "data"),
    WORKER_SOCKET: path,
    WORKER_KEY: key,
    WORKER_URL: `unix:${path}`,
  };
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map(kill));
  rmSync(folder, { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Start a program; resolves when it has said the first word. */
async function start(name: string, more: Record<string, string> = {}): Promise<ChildProcess> {
  const program = fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));
  const child = fork(program, [], { env: { ...env, ...more }, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  children.push(child);
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, "close").then(() => {
    throw new Error(said);
  });
  await Promise.race([once(child, "message"), ended]);
  ended.catch(() => {});
  return child;
}

async function expectWork(server: ChildProcess): Promise<void> {
  server.send("publish");
  const [end] = await once(server, "message");
  expect(end).toMatchObject({ stage: "delivered" });
}

it("a server that was killed listens on the same path again, and its worker comes back to it", async () => {
  const first = await start("socket-server");
  await start("worker");
  await expectWork(first);
  await kill(first);
  expect(existsSync(env["WORKER_SOCKET"] ?? "")).toBe(true);
  await expectWork(await start("socket-server"));
}, 30_000);

it("a server does not take the path of one that lives, and the worker stays there", async () => {
  const first = await start("socket-server");
  await start("worker");
  await expect(start("socket-server", { STORE: join(folder, "other") })).rejects.toThrow("server/cannot-listen");
  await expectWork(first);
}, 30_000);
