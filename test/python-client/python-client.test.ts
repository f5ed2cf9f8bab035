/** The Python client, which was written from the wire's specification alone, against the server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { channel, contract } from "busbar";
import { connect, type Bus } from "busbar/client";
import { basic, serve, silentLogger, type BusServer, type LogFields, type ServeOptions } from "busbar/server";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { describeWith } from "../requirements.js";
import { MutingProxy } from "./muting-proxy.js";
import { PythonProgram, type Happening } from "./python-program.js";

const members = { subscribe: ["member"], publish: ["member"] };
const app = contract({
  "chat/:room": channel({ message: z.object({ text: z.string().min(1).max(60_000) }), allow: members }),
  "board/:name": channel({ message: z.int(), history: { keep: 3 }, allow: members }),
  "secret/:name": channel({ message: z.int() }),
});
type App = typeof app;

const ada = ["ada", "lovelace"] as const;
const users = { ada: { password: ada[1], roles: ["member"] }, bob: { password: "builder", roles: ["member"] } };

async function startServer(options: Partial<ServeOptions<App>> = {}): Promise<BusServer<App>> {
  const server = await serve(app, { host: "127.0.0.1", authenticate: basic(users), logger: silentLogger, ...options });
  onTestFinished(() => server.close());
  return server;
}

async function startProxy(server: BusServer<App>): Promise<MutingProxy> {
  const proxy = await MutingProxy.begin(server.port ?? 0);
  onTestFinished(() => proxy.close());
  return proxy;
}

function startPython(python: string, url: string, [name, password]: readonly [string, string] = ada): PythonProgram {
  const program = new PythonProgram(python, url, [name, password]);
  onTestFinished(() => program.stop());
  return program;
}

/** Another client, which is never cut. */
function openBob(server: BusServer<App>): Bus<App> {
  const bob = connect<App>(String(server.url), {
    contract: app,
    auth: () => ({ scheme: "basic", username: "bob", password: users.bob.password }),
  });
  onTestFinished(() => bob.close());
  return bob;
}

const texts = (happenings: readonly Happening[]): readonly unknown[] =>
  happenings.map(({ data }) => Object(data)["text"]);
const offsets = (happenings: readonly Happening[]): readonly unknown[] =>
  happenings.map(({ position }) => position?.offset);
const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);

describeWith("python3-websockets", "the client in Python", (python) => {
  it("subscribes and publishes", async () => {
    const server = await startServer();
    await server.channel("chat/lobby").publish({ text: "before" });
    const client = startPython(python, String(server.url));
    client.ask({ do: "read", channel: "chat/lobby", from: { last: 1 } });
    await client.have(1, "message");
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "grüße" } });
    const [receipt] = await client.have(1, "receipt");
    expect(receipt).toMatchObject({ stage: "delivered", position: { offset: 2 } });
    const messages = await client.have(2, "message");
    expect(texts(messages)).toEqual(["before", "grüße"]);
    expect(messages.map(({ sender }) => sender)).toEqual(["server", "ada"]);
    expect(messages[1]?.position).toEqual(receipt?.position);
  });

  it("goes on where it was after a cut, and a publish whose answer was cut off is not doubled", async () => {
    const server = await startServer();
    const proxy = await startProxy(server);
    const client = startPython(python, proxy.url);
    client.ask({ do: "read", channel: "chat/lobby", from: "start" });
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "first" } });
    await client.have(1, "receipt");
    await client.have(1, "message");

    // The server has the second, and the client does not hear of it; the third waits for that.
    proxy.mute();
    const bob = openBob(server).channel("chat/lobby").messages({ from: "start" });
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "second" } });
    for (const text of ["first", "second"]) expect((await bob.next()).value?.data.text).toBe(text);
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "third" } });
    await server.channel("chat/lobby").publish({ text: "meanwhile" });
    expect(client.all("receipt")).toHaveLength(1);
    proxy.cut();

    const receipts = await client.have(3, "receipt");
    expect(texts(receipts)).toEqual(["first", "second", "third"]);
    expect(offsets(receipts)).toEqual([1, 2, 4]);
    const messages = await client.have(4, "message");
    expect(texts(messages)).toEqual(["first", "second", "meanwhile", "third"]);
    expect(offsets(messages)).toEqual(upTo(4));
    expect(client.all("gap")).toEqual([]);
    expect(proxy.connections).toBe(2);
    for (const text of ["meanwhile", "third"]) expect((await bob.next()).value?.data.text).toBe(text);
  });

  it("comes back when a server that stops said, to one that was started on the same store", async () => {
    const store = mkdtempSync(join(tmpdir(), "busbar-python-"));
    onTestFinished(() => rmSync(store, { recursive: true }));
    const first = await startServer({ store });
    const proxy = await startProxy(first);
    const client = startPython(python, proxy.url);
    client.ask({ do: "read", channel: "chat/lobby", from: "start" });
    for (const text of ["one", "two"]) client.ask({ do: "publish", channel: "chat/lobby", data: { text } });
    await client.have(2, "message");
    await client.have(2, "receipt");
    await first.close({ retryAfterMs: 1_500 });
    const second = await startServer({ store });
    proxy.target = second.port ?? 0;
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "three" } });
    await second.channel("chat/lobby").publish({ text: "meanwhile" });
    const receipts = await client.have(3, "receipt");
    expect(offsets(receipts)).toEqual([1, 2, 4]);
    const messages = await client.have(4, "message");
    expect(texts(messages)).toEqual(["one", "two", "meanwhile", "three"]);
    expect(offsets(messages)).toEqual(upTo(4));
    expect(new Set(messages.map(({ position }) => position?.epoch)).size).toBe(1);
    expect(client.all("gap")).toEqual([]);
    const [delay] = client.all("log").flatMap(({ text }) => /^back in ([\d.]+) s$/.exec(text ?? "")?.[1] ?? []);
    expect(Number(delay)).toBeGreaterThanOrEqual(1.5);
  });

  it("announces what the log has lost, before the next message", async () => {
    const server = await startServer();
    const proxy = await startProxy(server);
    const client = startPython(python, proxy.url);
    client.ask({ do: "read", channel: "board/news", from: "start" });
    for (const number of [1, 2]) await server.channel("board/news").publish(number);
    await client.have(2, "message");
    proxy.mute();
    for (const number of [3, 4, 5, 6, 7, 8]) await server.channel("board/news").publish(number);
    proxy.cut();
    await client.have(5, "message");
    const items = client.happenings.filter(({ kind }) => kind === "message" || kind === "gap");
    expect(items.map(({ data, lost }) => data ?? lost)).toEqual([1, 2, [3, 5], 6, 7, 8]);
  });

  it("hears that a log has begun anew", async () => {
    const first = await startServer();
    const proxy = await startProxy(first);
    const client = startPython(python, proxy.url);
    client.ask({ do: "read", channel: "board/news", from: "start" });
    for (const number of [1, 2]) await first.channel("board/news").publish(number);
    await client.have(2, "message");
    // In memory: the second server knows nothing of the first one's log.
    await first.close({ retryAfterMs: 100 });
    const second = await startServer();
    await second.channel("board/news").publish(10);
    proxy.target = second.port ?? 0;
    await client.have(3, "message");
    const items = client.happenings.filter(({ kind }) => kind === "message" || kind === "gap");
    expect(items.map(({ kind, data, lost }) => [kind, data ?? lost])).toEqual([
      ["message", 1],
      ["message", 2],
      ["gap", null],
      ["message", 10],
    ]);
  });

  it("sends what was refused for its rate again, in order", async () => {
    // Welcome and subscription take both commands that there are at once: the first publish comes too early.
    const limits = { session: { commandsPerSecond: 4, commandsBurstMax: 2 } };
    const lines: unknown[] = [];
    const warn = (_: string, fields?: LogFields): void => void lines.push(fields?.["code"]);
    const server = await startServer({ limits, logger: { ...silentLogger, warn } });
    const client = startPython(python, String(server.url));
    client.ask({ do: "read", channel: "chat/lobby", from: "start" });
    for (const number of upTo(150)) {
      client.ask({ do: "publish", channel: "chat/lobby", data: { text: `number ${number}` } });
    }
    const receipts = await client.have(150, "receipt");
    expect(new Set(offsets(receipts)).size).toBe(150);
    const messages = await client.have(150, "message");
    expect(texts(messages)).toEqual(upTo(150).map((number) => `number ${number}`));
    expect(lines).toContain("limit/rate");
    expect(client.all("refused")).toEqual([]);
  });

  it("leaves in the log what its reader is too slow for", async () => {
    const server = await startServer();
    const client = startPython(python, String(server.url));
    client.ask({ do: "read", channel: "chat/slow", from: "start", pause_s: 0.001 });
    client.ask({ do: "read", channel: "chat/quick", from: "start" });
    for (const number of upTo(2_500)) await server.channel("chat/slow").publish({ text: `${number}` });
    await server.channel("chat/quick").publish({ text: "quick" });
    const messages = await client.have(2_501, "message");
    const slow = messages.filter((message) => message.channel === "chat/slow");
    expect(offsets(slow)).toEqual(upTo(2_500));
    expect(messages.findIndex((message) => message.channel === "chat/quick")).toBeLessThan(2_000);
  });

  it("tells what the server refuses", async () => {
    const server = await startServer();
    const client = startPython(python, String(server.url));
    client.ask({ do: "read", channel: "secret/plans", from: "now" });
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "" } });
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "x".repeat(70_000) } });
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "fits" } });
    await client.have(1, "receipt");
    const [ended] = await client.have(1, "ended");
    expect(ended?.error).toMatch(/^policy\/denied/);
    const refused = await client.have(2, "refused");
    expect(refused.map(({ error }) => error?.split(":")[0]).toSorted()).toEqual([
      "message/invalid",
      "the message is too large",
    ]);
  });

  it("does not come back to a server that does not know it", async () => {
    const server = await startServer();
    const proxy = await startProxy(server);
    const client = startPython(python, proxy.url, ["ada", "wrong"]);
    client.ask({ do: "publish", channel: "chat/lobby", data: { text: "from nobody" } });
    client.ask({ do: "read", channel: "chat/lobby", from: "now" });
    expect((await client.have(1, "refused"))[0]?.error).toMatch(/^4002 /);
    await client.have(1, "ended");
    expect(proxy.connections).toBe(1);
  });

  it("is a chat in a terminal", async () => {
    const server = await startServer();
    await server.channel("chat/tea").publish({ text: "who is there?" });
    const script = fileURLToPath(new URL("../../examples/python/chat.py", import.meta.url));
    const child = spawn(python, ["-B", script, String(server.url), ...ada, "tea"]);
    onTestFinished(() => void child.kill());
    child.stdout.setEncoding("utf8");
    let output = "";
    const printed = new Promise<void>((resolve) => {
      child.stdout.on("data", (text: string) => {
        output += text;
        if (output.includes("ada: it is me\n")) resolve();
      });
    });
    child.stdin.write("it is me\n");
    await printed;
    expect(output).toBe("server: who is there?\nada: it is me\n");
    child.stdin.end();
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
  });
});
