/** Users in a file: made with the built command line, served, changed under a server that runs. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { channel, contract } from "busbar";
import { basic, serve, usersFile, type BusServer } from "busbar/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { root } from "../../scripts/program.mjs";
import { silentLogger } from "../../src/kernel/logger.js";
import { describeWith } from "../requirements.js";
import { StallWatch } from "../security/stall-watch.js";
import { RawClient } from "../support/raw-client.js";

const app = contract({
  news: channel({ message: z.string(), allow: { subscribe: ["member"], publish: ["operator"] } }),
});
const command = join(root, "dist", "cli", "main.js");

describe("users in a file", () => {
  let folder: string;
  let file: string;
  let server: BusServer<typeof app> | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "busbar-users-"));
    file = join(folder, "users.json");
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    rmSync(folder, { recursive: true });
  });

  /** Run the command line without a terminal. */
  function busbar(words: readonly string[], input = ""): string {
    const { status, stderr, stdout } = spawnSync(process.execPath, [command, "user", ...words, "--file", file], {
      input,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`it ended with ${status}: ${stderr}`);
    return stdout;
  }
  /** The same, while this process goes on: the server in it is to notice by itself. */
  async function busbarBeside(words: readonly string[], input = ""): Promise<void> {
    const child = spawn(process.execPath, [command, "user", ...words, "--file", file], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    child.stdin.end(input);
    expect(await once(child, "exit")).toEqual([0, null]);
  }
  async function start(): Promise<string> {
    server = await serve(app, {
      host: "127.0.0.1",
      authenticate: basic(usersFile(file)),
      acknowledge: ["history-in-memory"],
      logger: silentLogger,
    });
    return String(server.url);
  }

  it("get in with their passwords, at the handshake and in hello, with their roles", async () => {
    busbar(["add", "ada", "--roles", "member,operator"], "correct horse\n");
    busbar(["add", "bob", "--roles", "member"], "battery staple\n");
    const url = await start();
    const ada = await RawClient.login(url, "ada", "correct horse");
    expect(await ada.ask({ do: "publish", channel: "news", data: "hello" })).toHaveProperty("ok");
    const headers = { Authorization: `Basic ${Buffer.from("bob:battery staple").toString("base64")}` };
    const bob = await RawClient.connect(url, { headers });
    expect(await bob.ask({ do: "hello" })).toHaveProperty("ok");
    expect(await bob.ask({ do: "publish", channel: "news", data: "hello" })).toMatchObject({
      error: { code: "policy/denied" },
    });
    const wrong = await RawClient.connect(url);
    wrong.send({ do: "hello", auth: { scheme: "basic", username: "ada", password: "battery staple" } });
    expect(await wrong.closed).toMatchObject({ code: 4002 });
  });

  it("have other roles, another password, or are gone, within a second, while the server runs", async () => {
    busbar(["add", "ada", "--roles", "member"], "correct horse\n");
    busbar(["add", "bob", "--roles", "member"], "battery staple\n");
    const url = await start();
    const bob = await RawClient.login(url, "bob", "battery staple");
    const ends: number[] = [];
    /** Log in, have the file changed, and see how the session ends. */
    const endsBy = async (password: string, words: readonly string[], input?: string): Promise<number> => {
      const ada = await RawClient.login(url, "ada", password);
      expect(await ada.ask({ do: "subscribe", channel: "news" })).toHaveProperty("ok");
      await busbarBeside(words, input);
      const watch = new StallWatch();
      watch.start();
      const { code } = await ada.closed;
      ends.push(watch.stop().tookMs);
      return code;
    };
    expect(await endsBy("correct horse", ["roles", "ada", "member,operator"])).toBe(4503);
    expect(await endsBy("correct horse", ["passwd", "ada"], "analytical\n")).toBe(4503);
    expect(await endsBy("analytical", ["remove", "ada"])).toBe(4503);
    console.log(`sessions ended ${ends.map((ms) => ms.toFixed(0)).join(", ")} ms after the command line had`);
    expect(Math.max(...ends)).toBeLessThan(1_000);
    const gone = await RawClient.connect(url);
    gone.send({ do: "hello", auth: { scheme: "basic", username: "ada", password: "analytical" } });
    expect(await gone.closed).toMatchObject({ code: 4002 });
    expect(await bob.ask({ do: "subscribe", channel: "news" })).toHaveProperty("ok");
    const ended = server?.audit.recent().filter((event) => event.kind === "ended");
    expect(ended).toMatchObject(Array.from({ length: 3 }, () => ({ why: "changed", principal: "ada" })));
  });

  describeWith("python3-websockets", "a password", (python) => {
    it("is hashed as others hash it", () => {
      busbar(["add", "ada"], "Zoë's horse\n");
      const program = `
import base64, hashlib, json, sys
hash = json.load(open(sys.argv[1]))["users"]["ada"]["passwordHash"]
_, kind, costs, salt, wanted = hash.split("$")
ln, r, p = (int(cost.split("=")[1]) for cost in costs.split(","))
bytes_of = lambda text: base64.b64decode(text + "=" * (-len(text) % 4))
found = hashlib.scrypt(sys.argv[2].encode(), salt=bytes_of(salt), n=2 ** ln, r=r, p=p, maxmem=2 ** 27, dklen=32)
print(kind, found == bytes_of(wanted))`;
      const { stdout } = spawnSync(python, ["-c", program, file, "Zoë's horse"], { encoding: "utf8" });
      expect(stdout.trim()).toBe("scrypt True");
    });

    it("is not shown where it is typed", async () => {
      // A terminal between this test and the command; what it shows goes to standard output.
      const program = `
import os, pty, sys
child, terminal = pty.fork()
if child == 0: os.execv(sys.argv[1], sys.argv[1:])
shown, answers = b"", [b"for ada: ", b"again: "]
while True:
    try: chunk = os.read(terminal, 4096)
    except OSError: break
    if not chunk: break
    shown += chunk
    if answers and answers[0] in shown:
        answers.pop(0)
        os.write(terminal, b"correct horse\\r")
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))`;
      const line = [process.execPath, command, "user", "add", "ada", "--file", file];
      const child = spawn(python, ["-c", program, ...line], { stdio: ["ignore", "pipe", "inherit"] });
      let shown = "";
      child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
      const [code] = await once(child, "exit");
      expect([code, shown]).toEqual([0, expect.stringMatching(/Password for ada: [^]*The same again: [^]*added ada/)]);
      expect(shown).not.toContain("horse");
      expect(readFileSync(file, "utf8")).not.toContain("horse");
      const url = await start();
      const ada = await RawClient.connect(url);
      const auth = { scheme: "basic", username: "ada", password: "correct horse" };
      expect(await ada.ask({ do: "hello", auth })).toHaveProperty("ok");
    });
  });
});
