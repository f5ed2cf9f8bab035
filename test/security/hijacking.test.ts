/** Cross-site WebSocket hijacking, with the pages and the cookies of a real Chromium. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { attach, silentLogger, type Authenticator, type BusServer, type Logger } from "busbar/server";
import { describeWith } from "../requirements.js";
import { app, type App } from "../support/bus-ground.js";

/** The session that the victim logged in with. */
const victim: Authenticator = ({ cookies }) =>
  cookies.get("session") === "the-victims"
    ? { id: "ada", roles: ["member"], claims: {}, expiresAtMs: undefined }
    : undefined;

/** In a page: open a socket and say hello; what came first, or how it closed. */
function helloFrom(url: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, "busbar.v1");
    socket.addEventListener("open", () => socket.send(JSON.stringify({ id: 1, do: "hello" })));
    socket.addEventListener("message", ({ data }) => resolve(String(data)));
    socket.addEventListener("close", ({ code }) => resolve(`closed with ${code}`));
  });
}

async function listen(handler: RequestListener): Promise<{ http: Server; port: number }> {
  const http = createServer(handler);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { http, port: (http.address() as AddressInfo).port };
}

const page: RequestListener = (request, response) => {
  const headers: Record<string, string> = { "Content-Type": "text/html" };
  if (request.url === "/login") headers["Set-Cookie"] = "session=the-victims; HttpOnly; SameSite=Lax";
  if (request.url === "/sandboxed") headers["Content-Security-Policy"] = "sandbox allow-scripts";
  response.writeHead(200, headers).end("<!doctype html><title>a page</title>");
};

describeWith("chromium", "a page of another origin", (executablePath) => {
  let browser: Browser;
  let own: { http: Server; port: number };
  let evil: { http: Server; port: number };
  let bus: BusServer<App>;
  let tab: Page;
  /** The requests for upgrades as they came, before anybody decided. */
  const upgrades: IncomingMessage[] = [];
  /** The statuses and codes that requests were refused with. */
  const refusals: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_, { code, status } = {}) => void refusals.push([status, code]),
  };

  beforeAll(async () => {
    own = await listen(page);
    evil = await listen(page);
    own.http.on("upgrade", (request) => upgrades.push(request));
    bus = await attach(own.http, app, { authenticate: victim, logger });
    browser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
    tab = await (await browser.newContext()).newPage();
    await tab.goto(`http://localhost:${own.port}/login`);
  });

  afterAll(async () => {
    await browser.close();
    await bus.close();
    for (const { http } of [own, evil]) http.close().closeAllConnections();
  });

  /** Have a page say hello to the own server; the request that it made, and what came of it. */
  async function helloOn(url: string): Promise<{ heard: string; request: IncomingMessage | undefined }> {
    upgrades.length = 0;
    refusals.length = 0;
    await tab.goto(url);
    const heard = await tab.evaluate(helloFrom, `ws://localhost:${own.port}/bus`);
    return { heard, request: upgrades.at(-1) };
  }

  it("is refused, though the browser sends the victim's cookie along", async () => {
    const { heard, request } = await helloOn(`http://localhost:${evil.port}/`);
    expect(request?.headers).toMatchObject({
      cookie: "session=the-victims",
      origin: `http://localhost:${evil.port}`,
    });
    expect(heard).toBe("closed with 1006");
    expect(refusals).toEqual([[403, "handshake/origin"]]);
    expect(bus.audit.recent().at(-1)).toMatchObject({ kind: "refused", why: "handshake/origin" });
    expect(bus.connections).toBe(0);
  });

  it("is refused where its origin is hidden by a sandbox", async () => {
    const { heard, request } = await helloOn(`http://localhost:${own.port}/sandboxed`);
    expect(request?.headers.origin).toBe("null");
    expect(heard).toBe("closed with 1006");
    expect(refusals).toEqual([[403, "handshake/origin"]]);
  });

  it("is refused at another name of the same machine", async () => {
    const { heard, request } = await helloOn(`http://127.0.0.1:${own.port}/`);
    expect(request?.headers.origin).toBe(`http://127.0.0.1:${own.port}`);
    expect(heard).toBe("closed with 1006");
    expect(refusals).toEqual([[403, "handshake/origin"]]);
  });

  it("is another one than the same page of the own origin, which gets in as the victim", async () => {
    const { heard, request } = await helloOn(`http://localhost:${own.port}/`);
    expect(request?.headers).toMatchObject({ cookie: "session=the-victims", origin: `http://localhost:${own.port}` });
    expect(JSON.parse(heard)).toMatchObject({ re: 1, ok: { principal: { id: "ada" } } });
    expect(refusals).toEqual([]);
  });
});
