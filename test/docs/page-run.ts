/** Runs a compiled page: its servers, its programs, and what its checks ask of both. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { WebSocket } from "ws";
import { root } from "../../scripts/program.mjs";
import type { Check, CodeBlock } from "./code-block.js";

/** A process that runs one block. */
class RunningBlock {
  readonly #child: ChildProcess;
  readonly #waiting: (() => void)[] = [];
  readonly #heard = new Set<unknown>();
  output = "";
  code: number | null | undefined;

  constructor(path: string) {
    this.#child = fork(join(root, "test/docs/child.mjs"), [path], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#changed();
      });
    }
    this.#child.on("message", (message) => {
      this.#heard.add(message);
      this.#changed();
    });
    this.#child.on("close", (code) => {
      this.code = code;
      this.#changed();
    });
  }

  #changed(): void {
    for (const look of this.#waiting.splice(0)) look();
  }

  /** @throws Error when the process ends before `isThere` */
  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.code !== undefined) throw new Error(`ended with ${this.code} and printed:\n${this.output}`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  isUp(): boolean {
    return this.#heard.has("loaded") && this.#heard.has("listening");
  }

  async end(): Promise<void> {
    if (this.code !== undefined) return;
    this.#child.kill();
    await this.until(() => this.code !== undefined);
  }
}

/**
 * Run a page's blocks in order; its servers stay up until all is done.
 *
 * @param folder where the compiled blocks are
 * @throws Error when a block fails, or a check does not hold
 */
export async function runPage(blocks: readonly CodeBlock[], folder: string): Promise<void> {
  const servers: RunningBlock[] = [];
  try {
    for (const { mode, file, checks } of blocks) {
      if (mode === "compile") continue;
      const running = new RunningBlock(join(folder, file.replace(/\.ts$/, ".js")));
      if (mode === "serve") {
        servers.push(running);
        await running.until(() => running.isUp());
      } else {
        await running.until(() => running.code !== undefined);
        if (running.code !== 0) throw new Error(`${file} ended with ${running.code} and printed:\n${running.output}`);
      }
      for (const check of checks) await hold(check, running);
    }
  } finally {
    await Promise.all(servers.map((server) => server.end()));
  }
}

async function hold(check: Check, running: RunningBlock): Promise<void> {
  switch (check.kind) {
    case "expect":
      return running.until(() => running.output.includes(check.text));
    case "get":
      return mustContain(await (await fetch(check.url)).text(), check.answer);
    case "talk":
      return mustContain(await answerTo(check.url, check.message), check.answer);
  }
}

function mustContain(got: string, wanted: string): void {
  if (!got.includes(wanted)) throw new Error(`expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
}

/** The first message that a server sends, after it was sent `message`. */
async function answerTo(url: string, message: string): Promise<string> {
  const socket = new WebSocket(url);
  try {
    // Listened for from the beginning: a server that speaks first may have its message in the handshake's chunk.
    const answer = once(socket, "message");
    socket.once("open", () => {
      if (message !== "") socket.send(message);
    });
    const [data] = (await answer) as [Buffer];
    return data.toString();
  } finally {
    socket.close();
  }
}

/** As many ports as asked for, which nothing listens on. */
export async function freePorts(count: number): Promise<readonly string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => String((server.address() as AddressInfo).port));
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
