/** How clients get in, and how they are refused, on a running server: cookies, functions, strangers, several in order. */
import { createServer } from "node:http";
import { once } from "node:events";
import { connect as connectTcp, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "busbar/client";
import { anonymous, attach, basic, bearer, cookie, custom, forbidden, serve, silentLogger } from "busbar/server";
import { app, authorization, BusGround, users, type App } from "../support/bus-ground.js";
import { RawClient, refusal, type RawOptions } from "../support/raw-client.js";
import { TcpPeer, upgradeRequest } from "../support/tcp-peer.js";
import { hmac, nowSeconds, randomSecret, tokenOf } from "../support/signed-tokens.js";

const ground = new BusGround();
const secret = randomSecret();
const tokens = bearer({ alg: "HS256", secret });
const tokenOfUser = (sub: string, claims: Record<string, unknown> = {}): string =>
  tokenOf({ alg: "HS256" }, { sub, roles: ["member"], exp: nowSeconds() + 600, ...claims }, hmac(secret));
const bearerHello = (token: string) => ({ do: "hello", auth: { scheme: "bearer", token } });
const sessions = new Map([["s1", { id: "ada", roles: ["member"] }]]);
const cookies = cookie({ name: "session", verify: (value) => sessions.get(value) });
const withCookie = (value: string): RawOptions => ({ headers: { Cookie: `theme=dark; session=${value}` } });
const withToken = (token: string): RawOptions => ({ headers: { Authorization: `Bearer ${token}` } });

const open: RawClient[] = [];
afterEach(() => {
  for (const client of open.splice(0)) client.cut();
});

async function helloOn(url: string, options: RawOptions = {}, hello: Record<string, unknown> = { do: "hello" }) {
  const client = await RawClient.connect(url, options);
  open.push(client);
  return client.ask(hello);
}

const is = (id: string) => ({ ok: { principal: { id } } });
const reasons = (): unknown[] => ground.lines.map(({ fields }) => fields["why"]).filter((why) => why !== undefined);

describe("a session cookie", () => {
  it("lets its user in at the handshake, and what hello says counts more", async () => {
    const { url } = await ground.serve({ authenticate: [cookies, tokens] });
    expect(await helloOn(url, withCookie("s1"))).toMatchObject(is("ada"));
    expect(await helloOn(url, withCookie("s1"), bearerHello(tokenOfUser("bob")))).toMatchObject(is("bob"));
    expect(await helloOn(url, withCookie("s1"), bearerHello("forged"))).toMatchObject({
      error: { code: "auth/refused" },
    });
    expect(await helloOn(url, withCookie("old"), bearerHello(tokenOfUser("bob")))).toMatchObject(is("bob"));
    expect(await helloOn(url, withCookie("old"))).toMatchObject({ error: { code: "auth/refused" } });
  });

  it("that is wrong, or missing, is a 401 where there is no other way in", async () => {
    const { url } = await ground.serve({ authenticate: cookies });
    expect(await helloOn(url, withCookie("s1"))).toMatchObject(is("ada"));
    expect(await refusal(url, withCookie("s2"))).toMatchObject({ status: 401 });
    expect(await refusal(url)).toMatchObject({ status: 401 });
    expect(reasons()).toEqual(["cookie/unknown"]);
  });

  it("is not looked at on behalf of another site's page", async () => {
    const { url } = await ground.serve({ authenticate: cookies });
    const { headers } = withCookie("s1");
    expect(await refusal(url, { headers: { ...headers, Origin: "https://evil.example" } })).toMatchObject({
      status: 403,
    });
    const own = url.replace(/^ws/, "http").replace(/\/bus$/, "");
    expect(await helloOn(url, { headers: { ...headers, Origin: own } })).toMatchObject(is("ada"));
  });

  it("keeps a server from starting that lets every page in, and leaves nothing open", async () => {
    const options = { authenticate: [tokens, cookies], logger: silentLogger };
    const anyOrigin = expect.objectContaining({ code: "auth/any-origin", message: expect.stringContaining("origins") });
    const http = createServer().listen(0, "127.0.0.1");
    await once(http, "listening");
    const { port } = http.address() as AddressInfo;
    await expect(attach(http, app, { ...options, origins: "any" })).rejects.toThrow(anyOrigin);
    await once(http.close(), "close");
    await expect(serve(app, { ...options, origins: ["null"], port, host: "127.0.0.1" })).rejects.toThrow(anyOrigin);
    const [error] = await once(connectTcp(port, "127.0.0.1"), "error");
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("a function of the application", () => {
  it("lets in whom it recognises", async () => {
    const authenticate = custom(async ({ headers }) => {
      const key = await Promise.resolve(headers.get("x-api-key"));
      return key === "k1" ? { id: "robot", roles: ["member"] } : undefined;
    });
    const { url } = await ground.serve({ authenticate });
    expect(await helloOn(url, { headers: { "X-Api-Key": "k1" } })).toMatchObject(is("robot"));
    expect(await helloOn(url, { headers: { "X-Api-Key": "k2" } })).toMatchObject({ error: { code: "auth/refused" } });
  });

  it("that hangs is a 503 in time, with a line in the log, and the server serves on", async () => {
    const hangs = custom(({ path, url }) => (url === path ? new Promise(() => {}) : { id: "ada" }), { deadlineMs: 50 });
    const { url } = await ground.serve({ authenticate: hangs });
    expect(await refusal(url)).toMatchObject({ status: 503 });
    expect(ground.lines.filter(({ event }) => event.startsWith("websocket/"))).toMatchObject([
      { event: "websocket/authenticator-failed", fields: { error: expect.stringContaining("within 50 ms") } },
      { event: "websocket/handshake-refused", fields: { code: "handshake/no-answer" } },
    ]);
    expect(await helloOn(`${url}?x`)).toMatchObject(is("ada"));
  });

  it("that hangs in hello is an error in time, and the client may come back", async () => {
    const hangs = custom(({ at }) => (at === "hello" ? new Promise(() => {}) : undefined), { deadlineMs: 50 });
    const { url } = await ground.serve({ authenticate: hangs });
    expect(await helloOn(url, {}, bearerHello("x"))).toMatchObject({ error: { code: "server/internal" } });
  });

  it("that throws lets nobody in, and those after it are not asked", async () => {
    const broken = custom(() => {
      throw new Error("the directory is down");
    });
    const { url } = await ground.serve({
      authenticate: [broken, custom(() => ({ id: "ada" })), anonymous({ roles: [] })],
    });
    expect(await refusal(url)).toMatchObject({ status: 500 });
  });

  it("can say that somebody is known and may not connect: 403, and the reason stays in the log", async () => {
    const banned = custom(() => {
      throw forbidden("banned since Monday");
    });
    const { url } = await ground.serve({ authenticate: [banned, anonymous({ roles: [] })] });
    expect(await refusal(url)).toMatchObject({ status: 403, challenge: undefined });
    expect(reasons()).toEqual(["BusbarError: banned since Monday"]);
  });
});

describe("strangers", () => {
  it("are let in where that is said, and otherwise have to say who they are", async () => {
    const { url } = await ground.serve({ authenticate: [anonymous({ roles: ["reader"] }), basic(users), tokens] });
    expect(await helloOn(url)).toMatchObject({ ok: { principal: { id: "anonymous", roles: ["reader"] } } });
    expect(await helloOn(url, {}, bearerHello(tokenOfUser("bob")))).toMatchObject(is("bob"));
    const strict = await ground.serve({ authenticate: [basic(users), tokens] });
    expect(await helloOn(strict.url)).toMatchObject({ error: { code: "auth/refused" } });
  });

  it("are not those who show something wrong, wherever it is", async () => {
    const inUrl = bearer({ alg: "HS256", secret }, { inUrl: "access_token" });
    const { url } = await ground.serve({ authenticate: [anonymous({ roles: ["reader"] }), basic(users), inUrl] });
    expect(await refusal(url, { headers: authorization("ada", "wrong") })).toMatchObject({ status: 401 });
    expect(await refusal(url, withToken("forged"))).toMatchObject({ status: 401 });
    expect(await refusal(url, { headers: { Authorization: "Digest x" } })).toMatchObject({ status: 401 });
    expect(await refusal(url, { subprotocols: ["busbar.v1", "busbar.token.forged"] })).toMatchObject({ status: 401 });
    expect(await refusal(`${url}?access_token=forged`)).toMatchObject({ status: 401 });
    expect(await helloOn(url, {}, bearerHello("forged"))).toMatchObject({ error: { code: "auth/refused" } });
    expect(await helloOn(`${url}?access_token=${tokenOfUser("bob")}`)).toMatchObject(is("bob"));
  });
});

describe("several authenticators", () => {
  it("are asked in their order, and challenge with what each of them asks for", async () => {
    const { url } = await ground.serve({ authenticate: [basic(users), tokens, cookies] });
    expect(await helloOn(url, { headers: authorization("ada", "lovelace") })).toMatchObject(is("ada"));
    expect(await helloOn(url, withToken(tokenOfUser("bob")))).toMatchObject(is("bob"));
    expect(await refusal(url, withToken("forged"))).toEqual({
      status: 401,
      challenge: 'Basic realm="busbar", charset="UTF-8", Bearer realm="busbar"',
    });
  });

  it("answer the same to an unknown user, a wrong password, a forged token and one that has expired", async () => {
    const { url } = await ground.serve({ authenticate: [basic(users), tokens] });
    const wrong = [
      { headers: authorization("nobody", "lovelace") },
      { headers: authorization("ada", "wrong") },
      withToken("forged"),
      withToken(`${tokenOfUser("bob")}x`),
      withToken(tokenOfUser("bob", { exp: 1 })),
    ];
    const answers = wrong.map(async ({ headers }) => {
      const peer = await TcpPeer.connect({ port: Number(new URL(url).port) });
      peer.write(upgradeRequest({ target: "/bus", headers: { "Sec-WebSocket-Protocol": "busbar.v1", ...headers } }));
      await peer.closed;
      return String(peer.received);
    });
    const [first, ...others] = await Promise.all(answers);
    expect(first).toMatch(/^HTTP\/1\.1 401 /);
    for (const other of others) expect(other).toBe(first);
  });
});

describe("a token", () => {
  it("ends its connection when it expires, and not at the end of the clocks' skew", async () => {
    const { url } = await ground.serve({ authenticate: tokens });
    const exp = Date.now() / 1000 + 1;
    const client = await RawClient.connect(url, withToken(tokenOfUser("ada", { exp })));
    expect(await client.ask({ do: "hello" })).toMatchObject({ ok: { expiresInMs: expect.any(Number) } });
    expect(await client.closed).toMatchObject({ code: 4501 });
    expect(Date.now() / 1000 - exp).toBeLessThan(1);
  });

  it("is what the client's option is for", async () => {
    const { url } = await ground.serve({ authenticate: tokens });
    const bus = connect<App>(url, { token: () => tokenOfUser("ada") });
    expect(await bus.channel("chat/lobby").publish({ text: "hello" })).toMatchObject({ position: { offset: 1 } });
    bus.close();
  });
});
