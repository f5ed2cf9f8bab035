/** With the WebSocket of a real Chromium, as client of our server. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { attach, broadcast, type AttachOptions } from "busbar/websocket";
import { describeWith } from "../requirements.js";
import { echo, SocketQueue } from "../support/engine-ground.js";

/** Serve an empty page, and WebSockets beside it; returns the page's address without its scheme. */
async function startPage(options: AttachOptions): Promise<string> {
  const httpServer = createServer((_, response) => response.end("<!doctype html><title>engine</title>"));
  const attached = attach(httpServer, options);
  httpServer.listen(0, "127.0.0.1");
  await once(httpServer, "listening");
  onTestFinished(async () => {
    await attached.close();
    httpServer.close();
    httpServer.closeAllConnections();
  });
  return `127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
}

interface Closed {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** What the page holds for later calls. */
interface Held {
  engineSocket: WebSocket;
  engineClosed: Promise<Closed>;
}

interface Opening {
  readonly url: string;
  readonly protocols?: string[];
}

/** In the page: open a socket. Returns what was agreed on, or how it closed. */
function openInPage({ protocols = [], url }: Opening): Promise<Closed | { extensions: string; protocol: string }> {
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  return new Promise((resolve) => {
    socket.addEventListener("open", () => {
      resolve({ extensions: socket.extensions, protocol: socket.protocol });
    });
    const closed = new Promise<Closed>((resolveClosed) => {
      socket.addEventListener("close", ({ code, reason, wasClean }) => {
        resolve({ code, reason, wasClean });
        resolveClosed({ code, reason, wasClean });
      });
    });
    Object.assign(window, { engineSocket: socket, engineClosed: closed });
  });
}

/** In the page: send messages one after the other; returns what is wrong with the answers. */
async function echoInPage(): Promise<string[]> {
  const { engineSocket: socket } = window as unknown as Held;
  const noise = new Uint8Array(1024 * 1024);
  for (let at = 0; at < noise.length; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
  const large = "ü".repeat(512 * 1024);
  const all = [
    "hello",
    "",
    "grüße, \u{1f30d}",
    "a\u0000b",
    large,
    new Uint8Array([0, 127, 255]),
    new Uint8Array(0),
    noise,
  ];
  const wrong: string[] = [];
  for (const [index, message] of [...all, ...all].entries()) {
    const answer = await new Promise<unknown>((resolve) => {
      socket.addEventListener("message", ({ data }) => resolve(data), { once: true });
      socket.send(message);
    });
    const got = answer instanceof ArrayBuffer ? new Uint8Array(answer) : answer;
    const isSame =
      got instanceof Uint8Array && message instanceof Uint8Array
        ? got.length === message.length && got.every((byte, at) => byte === message[at])
        : got === message;
    if (!isSame) wrong.push(`message ${index}`);
  }
  return wrong;
}

describeWith("chromium", "our server and a real Chromium", (executablePath) => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking"] });
  });

  afterAll(() => browser.close());

  async function openPage(address: string): Promise<Page> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`http://${address}/`);
    return page;
  }

  it.each([
    { name: "without compression", compression: false },
    { name: "with compression", compression: { fromBytes: 0 } },
    { name: "with compression and contexts", compression: { fromBytes: 0, contextTakeover: true } },
  ])("exchange messages of all kinds $name", async ({ compression }) => {
    const address = await startPage({ handler: echo, compression, path: "/socket" });
    const page = await openPage(address);
    const opened = await page.evaluate(openInPage, { url: `ws://${address}/socket` });
    expect(opened).toMatchObject({
      extensions: compression === false ? "" : expect.stringMatching(/permessage-deflate/),
    });
    expect(await page.evaluate(echoInPage)).toEqual([]);
  });

  it("agree on a subprotocol, ping, and hear a broadcast", async () => {
    const queue = new SocketQueue();
    const address = await startPage({ handler: queue.handler, subprotocols: ["v2", "v1"] });
    const page = await openPage(address);
    const opened = await page.evaluate(openInPage, { url: `ws://${address}/`, protocols: ["v1", "v2"] });
    expect(opened).toEqual({ extensions: "", protocol: "v2" });
    const socket = await queue.next();
    expect(socket.request.headers.get("origin")).toBe(`http://${address}`);
    expect(await socket.ping()).toBeGreaterThanOrEqual(0);
    const heard = page.evaluate(
      () =>
        new Promise((resolve) => {
          const { engineSocket: open } = window as unknown as Held;
          open.addEventListener("message", ({ data }) => resolve(data), { once: true });
          open.send("ready");
        }),
    );
    await socket[Symbol.asyncIterator]().next();
    expect(broadcast([socket], "to all of you")).toEqual([]);
    expect(await heard).toBe("to all of you");
  });

  it("close with a code and a reason, whoever begins", async () => {
    const queue = new SocketQueue();
    const address = await startPage({ handler: queue.handler });
    const page = await openPage(address);
    await page.evaluate(openInPage, { url: `ws://${address}/` });
    const first = await queue.next();
    await page.evaluate(() => (window as unknown as Held).engineSocket.close(4001, "grüße"));
    expect(await first.closed).toEqual({ code: 4001, reason: "grüße", wasClean: true });
    await page.evaluate(openInPage, { url: `ws://${address}/` });
    const second = await queue.next();
    await second.close(4002, "grüße");
    expect(await page.evaluate(() => (window as unknown as Held).engineClosed)).toEqual({
      code: 4002,
      reason: "grüße",
      wasClean: true,
    });
  });

  it("see a page that is left as an end of the connection", async () => {
    const queue = new SocketQueue();
    const address = await startPage({ handler: queue.handler });
    const page = await openPage(address);
    await page.evaluate(openInPage, { url: `ws://${address}/` });
    const socket = await queue.next();
    await page.goto("about:blank");
    expect([1001, 1005, 1006]).toContain((await socket.closed).code);
  });

  it("keep pages of other origins away, and let in those that may", async () => {
    const elsewhere = await startPage({ handler: echo });
    const page = await openPage(elsewhere);
    const refused = { code: 1006, reason: "", wasClean: false };
    for (const [origins, expected] of [
      ["same", refused],
      [["http://127.0.0.1"], refused],
      ["any", { protocol: "" }],
      [[`http://${elsewhere}`], { protocol: "" }],
    ] as const) {
      const address = await startPage({ handler: echo, origins });
      expect(await page.evaluate(openInPage, { url: `ws://${address}/` })).toMatchObject(expected);
    }
  });
});
