import { fork, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { TcpPeer, upgradeRequest } from "../support/tcp-peer.js";
import { hits, queuedCount, type Canaries, type CanaryReport } from "./canaries.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const random = (): string => randomBytes(12).toString("hex");
const canaries: Canaries = { token: `canary-token-${random()}`, password: `canary-password-${random()}` };
const { password, token } = canaries;

/** All that the server answered, to whomever. */
const heard: string[] = [];
/** Its standard output and standard error. */
const printed: string[] = [];
let server: ChildProcess;
let port: number;
let report: CanaryReport;
let folder: string;
/** What the server keeps on the disk. */
let store: string;

beforeAll(async () => {
  mkdirSync(join(root, "build"), { recursive: true });
  // Inside of the repository, so that the bundle finds the packages that stay outside of it.
  folder = mkdtempSync(join(root, "build", "canary-"));
  const outfile = join(folder, "server.mjs");
  const entry = fileURLToPath(new URL("canary-server.ts", import.meta.url));
  const tsconfig = join(root, "tsconfig.json");
  const external = ["lmdb"];
  await build({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", outfile, external, tsconfig });
  store = join(folder, "store");
  server = fork(outfile, [JSON.stringify(canaries), store], { silent: true });
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (chunk) => printed.push(String(chunk)));
  [port] = await once(server, "message");
});

afterAll(() => {
  server.kill();
  rmSync(folder, { recursive: true });
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const basicOf = (name: string, secret: string): string => `Basic ${base64(`${name}:${secret}`)}`;

/** Try the handshake, say something if it succeeds, and hear all until the end. */
async function talk(options: Talk, ...messages: (string | Buffer | object)[]): Promise<void> {
  const { answers = 1, cookie, headers = {}, subprotocols = ["busbar.v1"], target = "/bus" } = options;
  const all = { ...headers, ...(cookie !== undefined && { Cookie: cookie }) };
  const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`, [...subprotocols], { headers: all });
  socket.on("error", (error) => heard.push(String(error)));
  socket.on("upgrade", (response) => heard.push(JSON.stringify(response.rawHeaders)));
  socket.on("message", (data: Buffer) => heard.push(data.toString()));
  const closed = new Promise<void>((resolve) => {
    socket.on("close", (code, reason) => {
      heard.push(`${code} ${String(reason)}`);
      resolve();
    });
  });
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.on("open", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("unexpected-response", (_request, response) => {
      heard.push(JSON.stringify([response.statusCode, response.statusMessage, response.rawHeaders]));
      response.on("data", (chunk) => heard.push(String(chunk)));
      response.on("end", () => resolve(false));
    });
  });
  if (!isOpen) return;
  for (const message of messages) {
    socket.send(typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }
  // What the server takes its time for is answered before the connection ends, or not at all.
  if (messages.length > 0) {
    let left = answers;
    const answered = new Promise<void>((resolve) => {
      socket.on("message", (data: Buffer) => {
        const isAnswer = data.toString().includes(answers > 1 ? '"re":' : '"re":99999');
        if (isAnswer && --left === 0) resolve();
      });
    });
    socket.send(JSON.stringify({ id: 99_999, do: "ping" }));
    await Promise.race([closed, answered]);
  }
  socket.close(1000, "bye");
  await closed;
}

interface Talk {
  /** How many answers are waited for, the last ping's among them; where nothing is said, for that one. */
  readonly answers?: number;
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly subprotocols?: readonly string[];
  readonly target?: string;
}

const bearerHello = (secret: string) => ({ id: 1, do: "hello", auth: { scheme: "bearer", token: secret } });
const basicHello = (username: string, secret: string) => ({
  id: 1,
  do: "hello",
  auth: { scheme: "basic", username, password: secret },
});

async function raw(bytes: string): Promise<void> {
  const peer = await TcpPeer.connect({ port });
  peer.write(bytes);
  await peer.closed;
  heard.push(String(peer.received));
}

/** The secrets in what was heard and printed until now. */
const leaks = (): readonly string[] => hits([...heard, ...printed].join("\n"), canaries);

const wrong = `${password}-wrong`;
const both = `${token} ${password}`;

describe("a token and a password that go through every way in", () => {
  it("are let in where they are right, at the handshake and in hello", async () => {
    const before = heard.length;
    await talk({ headers: { Authorization: basicOf("ada", password) } }, { id: 1, do: "hello" });
    await talk({ headers: { Authorization: `Bearer ${token}` } }, { id: 1, do: "hello" });
    await talk({}, basicHello("ada", password));
    await talk({}, bearerHello(token));
    expect(heard.slice(before).filter((text) => text.includes('"principal":{"id":"ada"'))).toHaveLength(4);
  });

  it.each([
    ["a wrong password", basicOf("ada", wrong)],
    ["a password as a name", basicOf(password, password)],
    ["a wrong token", `Bearer ${token}x`],
    ["two tokens", `Bearer ${both}`],
    ["no base64", `Basic ${password}`],
    ["no colon", `Basic ${base64(password)}`],
    ["another scheme", `Digest username=ada, response="${password}"`],
    ["a token that the authenticator fails at", `Bearer fail.${token}`],
    ["a head that is too long", `Bearer ${token.repeat(1000)}`],
  ])("are refused in the Authorization header: %s", async (_what, authorization) => {
    await talk({ headers: { Authorization: authorization } });
    expect(leaks()).toEqual([]);
  });

  it("come in cookies, in the query, in other headers and in subprotocols", async () => {
    await talk({ cookie: `sid=${token}; other=${password}` }, { id: 1, do: "hello" });
    await talk({ cookie: `fail=${token}; other=${encodeURIComponent(password)}` });
    await talk({ target: `/bus?token=${token}&password=${password}` }, { id: 1, do: "hello" });
    await talk({ target: `/bus?fail=${token}` });
    await talk({ target: `/elsewhere?token=${token}` });
    await talk({ headers: { "X-Api-Key": token } }, { id: 1, do: "hello" });
    await talk({ headers: { "X-Fail": both } });
    await talk({ subprotocols: ["busbar.v1", `busbar.token.${token}`] }, { id: 1, do: "hello" });
    await talk({ subprotocols: [`busbar.token.${token}`] }, { id: 1, do: "hello" });
    await talk({ subprotocols: ["busbar.v1", `fail.${token}`] });
    await talk({ headers: { Origin: "https://evil.example", Authorization: `Bearer ${token}` } });
    expect(leaks()).toEqual([]);
  });

  it.each([
    ["wrong passwords", basicHello("ada", wrong)],
    ["passwords as names", basicHello(password, token)],
    ["wrong tokens", bearerHello(`${token}x`)],
    ["tokens that the authenticator fails at", bearerHello(`fail.${token}`)],
    ["texts", { id: 1, do: "hello", auth: token }],
    ["schemes", { id: 1, do: "hello", auth: { scheme: token } }],
    ["lists", { id: 1, do: "hello", auth: { scheme: "bearer", token: [token] } }],
    ["objects", { id: 1, do: "hello", auth: { scheme: "basic", username: { password }, password: { password } } }],
    ["members", { id: 1, do: "hello", auth: { [password]: 1, scheme: "bearer" } }],
    ["names of clients", { ...bearerHello("x"), client: both }],
    ["fingerprints", { ...bearerHello(token), contract: token }],
    ["numbers of commands", { ...bearerHello("x"), id: token }],
    ["names of commands", { ...bearerHello(token), do: password }],
    ["no JSON", `{"id":1,"do":"hello","auth":{"scheme":"bearer","token":"${token}"`],
    ["no JSON at all", token],
    ["a JSON text", JSON.stringify(password)],
    ["bytes", Buffer.from(JSON.stringify(bearerHello(token)))],
    ["too long", JSON.stringify(bearerHello(token.repeat(3000)))],
  ])("are refused in hello: %s", async (_what, message) => {
    await talk({}, message);
    expect(leaks()).toEqual([]);
  });

  it("are refused in a refresh", async () => {
    const refresh = (secret: string) => ({ id: 2, do: "refresh", auth: { scheme: "bearer", token: secret } });
    await talk({}, bearerHello(token), refresh(token));
    await talk({}, bearerHello(token), refresh(`${token}x`));
    await talk({}, bearerHello(token), refresh(`other.${token}`));
    await talk({}, bearerHello(token), refresh(`fail.${token}`));
    await talk({}, bearerHello(token), {
      id: 2,
      do: "refresh",
      auth: { scheme: "basic", username: password, password },
    });
    expect(leaks()).toEqual([]);
  });

  it("are refused in other commands", async () => {
    const commands: object[] = [
      { do: "publish", channel: "chat/a", data: { text: both, password } },
      { do: "publish", channel: "chat/a", data: { text: { password } } },
      { do: "publish", channel: "closed", data: both },
      { do: "publish", channel: "broken/1", data: both },
      { do: "publishAll", channel: "chat/a", messages: [{ text: both }, both] },
      { do: "publish", channel: both, data: 1 },
      { do: "publish", channel: "chat/a", data: 1, seq: both },
      { do: "subscribe", channel: "chat/a", from: both },
      { do: "subscribe", channel: "chat/a", from: { epoch: token, offset: password } },
      { do: "subscribe", channel: "chat/a", policy: { kind: both } },
      { do: "resume", cursors: [{ channel: both }] },
      { do: "join", channel: "chat/a", state: { name: both } },
      { do: "join", channel: "chat/a", state: both },
      { do: "call", name: "login/ada", input: { password } },
      { do: "call", name: "fail/ada", input: both },
      { do: "call", name: both, input: 1 },
      { do: "offer", name: both },
      { do: "answer", call: 1, error: { code: token, message: password } },
      { do: "answer", call: token, output: password },
      { do: "compare", parts: { [token]: 1 } },
      { do: "follow", message: both },
    ];
    await talk({}, bearerHello(token), ...commands.map((command, index) => ({ id: index + 2, ...command })));
    expect(leaks()).toEqual([]);
  });

  it("let messages in, whose receipts and dead letters know nothing of them", async () => {
    const before = heard.length;
    const publishes = [
      { id: 2, do: "publish", channel: "chat/a", data: { text: "hello" } },
      { id: 3, do: "publish", channel: "queue/1", data: "hello" },
    ];
    const answers = publishes.length + 2;
    const authorizations = [basicOf("ada", password), `Bearer ${token}`];
    for (const Authorization of authorizations) {
      await talk({ answers, headers: { Authorization } }, { id: 1, do: "hello" }, ...publishes);
    }
    for (const hello of [basicHello("ada", password), bearerHello(token)]) await talk({ answers }, hello, ...publishes);
    const told = heard.slice(before).join("\n");
    for (const stage of ["delivered", "accepted"]) {
      expect(told.split(`"stage":"${stage}"`)).toHaveLength(queuedCount + 1);
    }
    expect(leaks()).toEqual([]);
  });

  it("are told to their client alone where a schema quotes them", async () => {
    const before = heard.length;
    const commands: object[] = [
      { do: "publish", channel: "quoting/1", data: { password } },
      { do: "publishAll", channel: "quoting/1", messages: [{ password }] },
      { do: "join", channel: "quoting/1", state: { password } },
      { do: "call", name: "quote/1", input: { password } },
    ];
    await talk({}, bearerHello(token), ...commands.map((command, index) => ({ id: index + 2, ...command })));
    const told = (text: string): boolean => /"code":"(message|call)\/invalid"/.test(text);
    expect(hits(heard.slice(before).filter(told).join(""), canaries)).toHaveLength(4);
    heard.splice(before, heard.length, ...heard.slice(before).filter((text) => !told(text)));
  });

  it("are refused before there is a request", async () => {
    const headers = { Authorization: basicOf("ada", password) };
    await raw(upgradeRequest({ target: `http://ada:${password}@127.0.0.1/bus`, headers }));
    await raw(upgradeRequest({ target: `/bus#token=${token}`, headers: {} }));
    await raw(`GET /bus HTTP/1.1\r\nHost: a\r\nAuthorization Bearer ${token}\r\n\r\n`);
    await raw(`GET /bus HTTP/1.1\r\nHost: a\r\nX: 1\rAuthorization: Bearer ${token}\r\n\r\n`);
    await raw(`POST /bus HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: ${token}\r\n\r\n`);
    await raw(`${token} /bus HTTP/1.1\r\nHost: a\r\n\r\n`);
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`X-${index}`, token]));
    await raw(upgradeRequest({ target: "/bus", headers: many }));
    expect(leaks()).toEqual([]);
  });

  it("are shown to the plain HTTP side", async () => {
    for (const path of [`/health?token=${token}`, `/elsewhere?token=${token}`]) {
      const sent = httpRequest({ port, path, headers: { Authorization: `Bearer ${token}`, Cookie: `a=${password}` } });
      sent.end();
      const [response] = await once(sent, "response");
      heard.push(JSON.stringify(response.rawHeaders));
      for await (const chunk of response) heard.push(String(chunk));
    }
    expect(leaks()).toEqual([]);
  });

  it("and are nowhere in what the server logged, answered, closed with, audited and printed", async () => {
    server.send("report");
    [report] = await once(server, "message");
    await once(server, "close");
    const all = [...heard, ...printed].join("\n");
    const audit = JSON.stringify(report.audit);
    // What was looked through is there: logs at every level, refusals, the audit trail.
    for (const what of [
      "websocket/handshake-refused",
      "session/failed",
      "websocket/authenticator-failed",
      "wire/malformed",
    ])
      expect(all).toContain(what);
    for (const why of ["auth/unknown", "auth/failed", "auth/other-principal", "handshake/not-authenticated", "denied"])
      expect(audit).toContain(why);
    const dead = JSON.stringify(report.dead);
    expect(dead.split("cannot process")).toHaveLength(queuedCount + 1);
    expect(dead).toContain('{\\"id\\":\\"ada\\"');
    expect(hits(JSON.stringify(report), canaries)).toEqual([]);
    expect(leaks()).toEqual([]);
    const files = readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const kept = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("\n");
    expect(kept).toContain("cannot process");
    expect(hits(kept, canaries)).toEqual([]);
  });
});

describe("looking for secrets", () => {
  it("finds them as they are and in base64", () => {
    expect(hits(`a ${password} b`, canaries)).toHaveLength(1);
    for (const name of ["a", "ab", "abc"]) expect(hits(basicOf(name, password), canaries)).toHaveLength(1);
    expect(hits(base64(`${token} `), canaries)).toHaveLength(1);
    expect(hits(base64("canary-token-"), canaries)).toEqual([]);
  });
});
