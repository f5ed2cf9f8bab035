/** An issuer's keys that change, do not come, come slowly, or are too many, and a running server that needs them. */
import { once } from "node:events";
import type { RequestListener, Server } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { bearer, type KeySetLimits } from "busbar/server";
import { BusGround } from "../support/bus-ground.js";
import { selfSigned } from "../support/certificate.js";
import { RawClient, refusal } from "../support/raw-client.js";
import { ecdsa, ecPair, nowSeconds, tokenOf, type KeyPair } from "../support/signed-tokens.js";

const issuer = "https://id.example/";
const audience = "chat.example";
const certificate = selfSigned();
const ground = new BusGround();

describe("an issuer's key set", () => {
  let pairs: Record<string, KeyPair>;
  let answer: RequestListener;
  let fetches: number;
  let url: string;

  const publish: RequestListener = (_request, response) => {
    const keys = Object.entries(pairs).map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: "jwk" }), kid }));
    response.end(JSON.stringify({ keys }));
  };
  const tokenBy = (kid: string, pair: KeyPair | undefined = pairs[kid]): string => {
    if (pair === undefined) throw new Error(`there is no key ${kid}`);
    const claims = { iss: issuer, aud: audience, sub: "ada", roles: ["member"], exp: nowSeconds() + 600 };
    return tokenOf({ alg: "ES256", kid }, claims, ecdsa(pair.privateKey));
  };
  const serve = async (limits: Partial<KeySetLimits> = {}): Promise<string> => {
    const keys: Server = createServer(certificate, (request, response) => {
      fetches++;
      answer(request, response);
    });
    keys.listen(0, "127.0.0.1");
    await once(keys, "listening");
    onTestFinished(() => {
      keys.close();
      keys.closeAllConnections();
    });
    const jwks = `https://localhost:${(keys.address() as AddressInfo).port}/jwks.json`;
    const authenticate = bearer({ alg: "ES256", jwks, ca: certificate.cert, issuer, audience, limits });
    return (await ground.serve({ authenticate })).url;
  };
  const show = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
  const statusOf = async (token: string): Promise<number> => (await refusal(url, show(token))).status;
  /** Who is let in with it. */
  const login = async (token: string): Promise<unknown> => {
    const client = await RawClient.connect(url, show(token));
    const reply = await client.ask({ do: "hello" });
    client.socket.close();
    return reply["ok"];
  };

  beforeEach(() => {
    pairs = { first: ecPair() };
    answer = publish;
    fetches = 0;
  });

  it("is fetched once for all clients that come at the same time", async () => {
    url = await serve();
    const clients = await Promise.all(Array.from({ length: 50 }, () => login(tokenBy("first"))));
    expect(clients).toHaveLength(50);
    for (const ok of clients) expect(ok).toMatchObject({ principal: { id: "ada", roles: ["member"] } });
    expect(fetches).toBe(1);
  });

  it("is fetched anew for a key that was added, and one that was taken away does not count any more", async () => {
    url = await serve({ fetchIntervalMs: 0.001 });
    const old = tokenBy("first");
    expect(await login(old)).toMatchObject({ principal: { id: "ada" } });
    pairs = { second: ecPair() };
    expect(await login(tokenBy("second"))).toMatchObject({ principal: { id: "ada" } });
    expect(fetches).toBe(2);
    expect(await statusOf(old)).toBe(401);
  });

  it("is fetched at most once in a while, however many keys are made up", async () => {
    url = await serve({ fetchIntervalMs: 600_000 });
    const mallory = ecPair();
    await login(tokenBy("first"));
    const statuses = Array.from({ length: 50 }, (_, index) => statusOf(tokenBy(`made-up-${index}`, mallory)));
    expect(new Set(await Promise.all(statuses))).toEqual(new Set([401]));
    expect(fetches).toBe(1);
  });

  const unusable: Record<string, readonly [RequestListener, Partial<KeySetLimits>]> = {
    "that nobody hands out": [(request) => void request.socket.destroy(), {}],
    "that fails": [(_request, response) => void response.writeHead(500).end(), {}],
    "that has moved": [(_request, response) => void response.writeHead(302, { Location: "/jwks.json?" }).end(), {}],
    "that does not come": [() => undefined, { timeoutMs: 100 }],
    "that comes drop by drop": [(_request, response) => void response.write("{"), { timeoutMs: 100 }],
    "that is too long": [(_request, response) => void response.end(" ".repeat(300_000)), {}],
    "that has too many keys": [
      (_request, response) => void response.end(JSON.stringify({ keys: Array.from({ length: 101 }, () => ({})) })),
      {},
    ],
    "that is none": [(_request, response) => void response.end("<html>"), {}],
  };

  it.each(Object.keys(unusable))("%s lets nobody in, and the client may come back", async (name) => {
    const [listener, limits] = unusable[name] ?? [publish, {}];
    answer = listener;
    url = await serve({ ...limits, fetchIntervalMs: 600_000 });
    const token = tokenBy("first");
    expect(await Promise.all([statusOf(token), statusOf(token), statusOf(token)])).toEqual([503, 503, 503]);
    expect(fetches).toBe(1);
    const errors = ground.lines.filter(({ event }) => event === "websocket/authenticator-failed");
    expect(errors[0]?.fields["error"]).toMatch(/the keys at https:\S+ cannot be fetched <- BusbarError: /);
    const client = await RawClient.connect(url);
    const reply = await client.ask({ do: "hello", auth: { scheme: "bearer", token } });
    expect(reply).toMatchObject({ error: { code: "server/internal" } });
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(JSON.stringify(ground.lines)).not.toContain(token.split(".")[2]);
  });

  it("that cannot be fetched any more leaves the keys that are known", async () => {
    url = await serve({ refreshMs: 0.001, fetchIntervalMs: 0.001 });
    const token = tokenBy("first");
    await login(token);
    answer = (request) => void request.socket.destroy();
    expect(await login(token)).toMatchObject({ principal: { id: "ada" } });
    expect(await login(token)).toMatchObject({ principal: { id: "ada" } });
  });

  it("that cannot be fetched does not keep out whoever has another way in", async () => {
    answer = (request) => void request.socket.destroy();
    url = await serve();
    const client = await RawClient.connect(url);
    const hello = { do: "hello", auth: { scheme: "basic", username: "ada", password: "x" } };
    expect(await client.ask(hello)).toMatchObject({ error: { code: "auth/refused" } });
    expect(fetches).toBe(0);
  });
});
