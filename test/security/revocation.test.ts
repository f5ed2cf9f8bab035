import { afterEach, describe, expect, it } from "vitest";
import { connect } from "busbar/client";
import { call, channel, contract } from "busbar";
import {
  serve,
  silentLogger,
  type AuditEvent,
  type Authenticator,
  type BusServer,
  type Principal,
  type ServerLimits,
} from "busbar/server";
import { z } from "zod";
import { RawClient, refusal } from "../support/raw-client.js";

const app = contract({
  "chat/:room": channel({
    message: z.object({ text: z.string() }),
    allow: { subscribe: ["member"], publish: ["member"] },
  }),
  "ops/audit": channel({
    message: z.looseObject({ kind: z.string(), time: z.number() }),
    history: { keep: 100 },
    allow: { subscribe: ["operator"] },
  }),
  logout: call({ input: z.null(), output: z.null(), allow: { call: ["member"] } }),
});

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** Tokens of the form `id.jti.iat`; an operator is called `olga`. */
const tokens: Authenticator = ({ credentials }) => {
  if (credentials?.scheme !== "bearer") return undefined;
  const [id = "", jti = "", iat = "0"] = credentials.token.split(".");
  const roles = id === "olga" ? ["operator"] : ["member"];
  return { id, roles, claims: { jti, iat: Number(iat) }, expiresAtMs: Date.now() + 3_600_000 } satisfies Principal;
};

const bearer = (token: string): { Authorization: string } => ({ Authorization: `Bearer ${token}` });
const auth = (token: string) => ({ scheme: "bearer", token });

let server: BusServer<typeof app>;
let url: string;
const sunk: AuditEvent[] = [];

async function start(limits: ServerLimits = {}): Promise<void> {
  server = await serve(app, {
    host: "127.0.0.1",
    authenticate: tokens,
    handle: {
      logout: (_input, { client }) => {
        server.logout(client);
        return null;
      },
    },
    audit: { channel: "ops/audit", sink: (event) => void sunk.push(event) },
    limits,
    logger: silentLogger,
  });
  url = String(server.url);
}

afterEach(async () => {
  sunk.length = 0;
  await server.close();
});

/** Connect, and say hello with a token. */
async function login(token: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  expect(await client.ask({ do: "hello", auth: auth(token) })).toHaveProperty("ok");
  return client;
}

/** Whether a token is refused at the handshake and in hello. */
async function isRefused(token: string): Promise<boolean> {
  const client = await RawClient.connect(url);
  const reply = await client.ask({ do: "hello", auth: auth(token) });
  client.cut();
  if (!("error" in reply)) return false;
  expect(reply).toMatchObject({ error: { code: "auth/refused" } });
  expect(await refusal(url, { headers: bearer(token) })).toMatchObject({ status: 401 });
  return true;
}

describe("revoking", () => {
  it("a token ends its sessions at once, and it is refused at the handshake, in hello and in a refresh", async () => {
    await start();
    const [one, other] = [await login("ada.t1.1"), await login("ada.t2.1")];
    expect(server.revoke({ token: "t1" })).toBe(1);
    expect(await one.closed).toEqual({ code: 4006, reason: "the credentials were revoked" });
    expect(await other.ask({ do: "refresh", auth: auth("ada.t1.1") })).toMatchObject({
      error: { code: "auth/refused" },
    });
    expect(await other.ask({ do: "ping" })).toHaveProperty("ok");
    expect(await isRefused("ada.t1.1")).toBe(true);
    expect(await isRefused("ada.t2.1")).toBe(false);
  });

  it("a principal ends all of its sessions, and refuses every token issued until then", async () => {
    await start();
    const clients = [await login("ada.t1.1"), await login("ada.t2.2")];
    const bob = await login("bob.t3.1");
    const before = nowSeconds();
    expect(server.revoke({ principal: "ada" })).toBe(2);
    for (const client of clients) expect(await client.closed).toMatchObject({ code: 4006 });
    expect(await bob.ask({ do: "ping" })).toHaveProperty("ok");
    expect(await isRefused("ada.t4.1")).toBe(true);
    expect(await isRefused(`ada.t5.${before}`)).toBe(true);
    expect(await isRefused(`ada.t6.${nowSeconds() + 2}`)).toBe(false);
    expect(server.reinstate({ principal: "ada" })).toBe(true);
    expect(await isRefused("ada.t4.1")).toBe(false);
  });

  it("refuses who had authenticated at the handshake and had not said hello", async () => {
    await start();
    const client = await RawClient.connect(url, { headers: bearer("ada.t1.1") });
    server.revoke({ token: "t1" });
    expect(await client.ask({ do: "hello" })).toMatchObject({ error: { code: "auth/refused" } });
    expect(await client.closed).toMatchObject({ code: 4002 });
  });

  it("sends no message afterwards", async () => {
    await start();
    const [ada, bob] = [await login("ada.t1.1"), await login("bob.t2.1")];
    for (const client of [ada, bob]) await client.ask({ do: "subscribe", channel: "chat/a" });
    server.revoke({ principal: "ada" });
    await server.channel("chat/a").publish({ text: "not for ada" });
    expect(await bob.push("message")).toMatchObject({ data: { text: "not for ada" } });
    await ada.closed;
    await expect(ada.push("message")).rejects.toThrow("closed");
  });

  it("keeps the client of the library away, which says why", async () => {
    await start();
    let asked = 0;
    const bus = connect<typeof app>(url, { token: () => `ada.t1.${++asked}` });
    await bus.channel("chat/a").publish({ text: "hello" });
    const ended = new Promise<unknown>((resolve) => {
      bus.on("state", ({ state, error }) => {
        if (state === "closed") resolve(error);
      });
    });
    server.revoke({ token: "t1" });
    expect(await ended).toMatchObject({ code: "connection/ended", message: expect.stringContaining("4006") });
    expect(asked).toBe(1);
    bus.close();
  });
});

describe("logging out", () => {
  it("from a call ends the session for good, and its token with it", async () => {
    await start();
    const [client, other] = [await login("ada.t1.1"), await login("ada.t2.1")];
    client.send({ do: "call", name: "logout", input: null });
    expect(await client.closed).toEqual({ code: 4007, reason: "logged out" });
    expect(await isRefused("ada.t1.1")).toBe(true);
    expect(await other.ask({ do: "ping" })).toHaveProperty("ok");
    expect(server.logout({ session: "nobody" })).toBe(false);
  });

  it("can be asked for by the server's own code", async () => {
    await start();
    const client = await login("ada.t1.1");
    for (const { session, principal } of server.clients()) if (principal.id === "ada") server.logout({ session });
    expect(await client.closed).toMatchObject({ code: 4007 });
  });
});

describe("the audit trail", () => {
  it("says who was let in, refused, denied, revoked and logged out", async () => {
    await start();
    const ada = await login("ada.t1.1");
    await ada.ask({ do: "publish", channel: "ops/audit", data: { kind: "forged", time: 0 } });
    await ada.ask({ do: "subscribe", channel: "ops/audit" });
    await ada.ask({ do: "refresh", auth: auth("bob.t2.1") });
    expect(await refusal(url, { headers: { Origin: "https://evil.example" } })).toMatchObject({ status: 403 });
    server.revoke({ principal: "ada" });
    await ada.closed;
    await isRefused("ada.t3.1");
    const events = server.audit.recent();
    expect(sunk).toEqual(events);
    expect(events.map(({ time: _time, ...event }) => event)).toMatchObject([
      { kind: "admitted", principal: "ada", address: "127.0.0.1" },
      {
        kind: "denied",
        principal: "ada",
        action: "publish",
        name: "ops/audit",
        rule: 'no rule allows publish on "ops/audit"',
      },
      { kind: "denied", principal: "ada", action: "subscribe", name: "ops/audit" },
      { kind: "refused", at: "refresh", why: "auth/other-principal", principal: "bob" },
      { kind: "refused", at: "handshake", why: "handshake/origin" },
      { kind: "ended", why: "revoked", principal: "ada" },
      { kind: "revoked", target: { principal: "ada" }, sessions: 1 },
      { kind: "refused", at: "hello", why: "auth/revoked", principal: "ada" },
      { kind: "refused", at: "handshake", why: "auth/revoked", principal: "ada" },
      { kind: "refused", at: "handshake", why: "handshake/not-authenticated" },
    ]);
  });

  it("goes to a channel that operators can read, what came before too", async () => {
    await start();
    const ada = await login("ada.t1.1");
    const olga = await login("olga.t2.1");
    await olga.ask({ do: "subscribe", channel: "ops/audit", from: "start" });
    const kinds: unknown[] = [];
    server.revoke({ token: "t1" });
    await ada.closed;
    while (kinds.length < 4) {
      const { data } = await olga.push("message");
      kinds.push(z.object({ kind: z.string() }).parse(data).kind);
    }
    expect(kinds).toEqual(["admitted", "admitted", "ended", "revoked"]);
  });

  it("is bounded under a flood of logins, and counts what it leaves out", async () => {
    await start({ audit: { refusalsPerSecond: 2 } });
    const clients = await Promise.all(Array.from({ length: 60 }, () => RawClient.connect(url)));
    await Promise.all(
      clients.map((client) => client.ask({ do: "hello", auth: { scheme: "basic", username: "a", password: "b" } })),
    );
    await server.close();
    const events = server.audit.recent();
    const refused = events.filter(({ kind }) => kind === "refused").length;
    const omitted = events.flatMap((event) => (event.kind === "omitted" ? [event.counts.refused ?? 0] : []));
    expect(omitted.length).toBeGreaterThan(0);
    expect(refused + omitted.reduce((sum, count) => sum + count, 0)).toBe(60);
  });

  it("needs a channel of the contract that is the operators'", async () => {
    for (const name of ["chat/a", "nowhere"]) {
      const options = { authenticate: tokens, audit: { channel: name }, logger: silentLogger };
      await expect(serve(app, options)).rejects.toMatchObject({ code: "server/audit-channel" });
    }
    await start();
  });
});
