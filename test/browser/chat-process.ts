/** The chat's server as a process of its own, as `npm start` runs it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../build/examples/chat/server.js", import.meta.url));

export interface ChatProcess {
  readonly port: number;
  /** What it has written: the terminal's lines and the log. */
  readonly output: () => string;
  /** Ask it to stop; resolves with its exit code. */
  readonly stop: () => Promise<number | null>;
  /** `kill -9`: it cannot do anything about it. Resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

export interface ChatPlace {
  /** Default: a free one. */
  readonly port?: number;
  /** Where the rooms are kept. Default: a folder that goes when the process has ended. */
  readonly data?: string;
}

/** A folder for one test's rooms. */
export function newDataFolder(): string {
  return mkdtempSync(join(tmpdir(), "busbar-chat-"));
}

/** Start it, and wait until it says where it is. */
export async function startChat(place: ChatPlace = {}): Promise<ChatProcess> {
  const { child, output } = spawnChat(String(place.port ?? 0), place.data);
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const found = /http:\/\/localhost:(\d+)/.exec(output())?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    child.once("exit", (code) => reject(new Error(`the chat ended with ${code}:\n${output()}`)));
  });
  const stop = async (): Promise<number | null> => {
    if (child.exitCode !== null) return child.exitCode;
    child.kill("SIGTERM");
    await once(child, "exit");
    return child.exitCode;
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { port, output, stop, kill };
}

/** Run it with this PORT until it ends by itself. */
export async function runChat(port: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const { child, output } = spawnChat(port);
  await once(child, "close");
  return { code: child.exitCode, output: output() };
}

function spawnChat(port: string, data?: string): { readonly child: ChildProcess; readonly output: () => string } {
  if (!existsSync(program)) throw new Error("the chat is not built: npm run build:examples && npm run build:pages");
  const folder = data ?? newDataFolder();
  const child = spawn(process.execPath, [program], { env: { ...process.env, PORT: port, DATA: folder } });
  if (data === undefined) child.once("exit", () => rmSync(folder, { recursive: true }));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => (output += text));
  }
  return { child, output: () => output };
}
