/** Forged, expired and confused tokens against a running server, through every way in. */
import type { Server } from "node:https";
import { createServer as createTlsServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anonymous, bearer, serve, type BusServer, type LogFields } from "busbar/server";
import { app, type App } from "../support/bus-ground.js";
import { selfSigned } from "../support/certificate.js";
import { RawClient } from "../support/raw-client.js";
import { TcpPeer, upgradeRequest } from "../support/tcp-peer.js";
import {
  audience,
  forgedTokens,
  given,
  issuer,
  kids,
  otherIssuer,
  published,
  secret,
  validTokens,
} from "./forged-tokens.js";
import { Sink } from "./sink.js";

let sink: Sink;
let sinkUrl: string;

/** The address of the issuer's keys, which the server is given. */
let keys: Server;
let fetches = 0;

let server: BusServer<App>;
const lines: { event: string; fields: LogFields }[] = [];

const portOf = (listening: { address(): unknown }): number => (listening.address() as AddressInfo).port;

beforeAll(async () => {
  sink = await Sink.open();
  sinkUrl = sink.url;
  const certificate = selfSigned();
  keys = createTlsServer(certificate, (_request, response) => {
    fetches++;
    const jwk = published.publicKey.export({ format: "jwk" });
    response.end(JSON.stringify({ keys: [{ ...jwk, kid: kids.published, alg: "RS256", use: "sig" }] }));
  });
  keys.listen(0, "127.0.0.1");
  await once(keys, "listening");
  const line = (event: string, fields: LogFields = {}): void => void lines.push({ event, fields });
  server = await serve(app, {
    host: "127.0.0.1",
    logger: { debug: line, info: line, warn: line, error: line },
    authenticate: [
      bearer(
        [
          { alg: "HS256", secret },
          {
            alg: "RS256",
            jwks: `https://127.0.0.1:${portOf(keys)}/jwks.json`,
            ca: certificate.cert,
            limits: { fetchIntervalMs: 600_000 },
          },
          { alg: "PS256", publicKey: given.pss.publicKey, kid: kids.pss },
          { alg: "ES256", publicKey: String(given.ec.publicKey.export({ type: "spki", format: "pem" })) },
          { alg: "EdDSA", publicKey: { kty: "OKP", ...given.ed.publicKey.export({ format: "jwk" }) } },
        ],
        { issuer, audience },
      ),
      bearer({ alg: "ES256", publicKey: given.partner.publicKey, issuer: otherIssuer, audience }),
      // Whoever shows nothing is let in; whoever shows something forged is not.
      anonymous({ roles: ["reader"] }),
    ],
  });
});

afterAll(async () => {
  await server.close();
  keys.close();
  sink.close();
});

interface Answer {
  readonly status: number;
  readonly protocol: string | undefined;
  readonly body: string;
}

/** What a handshake with these headers is answered with. */
async function shake(headers: Readonly<Record<string, string>>, target = "/bus"): Promise<Answer> {
  const peer = await TcpPeer.connect({ port: Number(server.port) });
  peer.write(upgradeRequest({ target, headers: { "Sec-WebSocket-Protocol": "busbar.v1", ...headers } }));
  const { headers: answered, status } = await peer.head();
  if (status !== 101) await peer.closed;
  peer.socket.destroy();
  return { status, protocol: answered.get("sec-websocket-protocol"), body: String(peer.received) };
}

const ways = {
  header: (token: string) => shake({ Authorization: `Bearer ${token}` }),
  subprotocol: (token: string) => shake({ "Sec-WebSocket-Protocol": `busbar.v1, busbar.token.${token}` }),
};

/** What a hello with this token is answered with, and how the connection ends where it does. */
async function hello(token: string, target = ""): Promise<{ reply?: Record<string, unknown>; code?: number }> {
  const client = await RawClient.connect(`ws://127.0.0.1:${server.port}/bus${target}`);
  const reply = await client.ask({ do: "hello", auth: { scheme: "bearer", token } });
  if ("ok" in reply) {
    client.socket.close();
    return { reply };
  }
  return { reply, code: (await client.closed).code };
}

describe("a server that takes tokens", () => {
  it.each(Object.keys(validTokens()))("takes one of %s in each way", async (name) => {
    const token = validTokens()[name] ?? "";
    expect(await ways.header(token)).toMatchObject({ status: 101, protocol: "busbar.v1" });
    expect(await ways.subprotocol(token)).toMatchObject({ status: 101, protocol: "busbar.v1" });
    expect((await hello(token)).reply).toMatchObject({ ok: { principal: { id: "ada", roles: ["member"] } } });
  });

  it("knows who a token in the header or the subprotocol is from then on", async () => {
    const token = validTokens()["a published key"] ?? "";
    const options = [
      { headers: { Authorization: `Bearer ${token}` } },
      { subprotocols: ["busbar.v1", `busbar.token.${token}`] },
    ];
    for (const option of options) {
      const client = await RawClient.connect(`ws://127.0.0.1:${server.port}/bus`, option);
      expect(await client.ask({ do: "hello" })).toMatchObject({ ok: { principal: { id: "ada" } } });
      client.socket.close();
    }
  });

  it("does not look for tokens in the URL", async () => {
    const token = validTokens()["a secret"] ?? "";
    const client = await RawClient.connect(`ws://127.0.0.1:${server.port}/bus?access_token=${token}&token=${token}`);
    expect(await client.ask({ do: "hello" })).toMatchObject({ ok: { principal: { id: "anonymous" } } });
    client.socket.close();
  });

  const names = Object.keys(forgedTokens("http://sink.invalid"));

  it("is shown at least 50 that are forged, expired or confused", () => {
    expect(names.length).toBeGreaterThan(50);
  });

  it.each(names)("refuses %s", async (name) => {
    const token = forgedTokens(sinkUrl)[name] ?? "";
    // A header holds no line breaks and no letters beyond Latin 1: such a request is refused for that.
    const isHeader = /^[\t\x20-\x7e]*$/.test(token);
    const header = await ways.header(token);
    expect(header.status).toBe(isHeader ? 401 : header.status);
    expect([400, 401]).toContain(header.status);
    const subprotocol = await ways.subprotocol(token);
    expect([400, 401]).toContain(subprotocol.status);
    if (/^[\w.-]+$/.test(token)) expect(subprotocol.status).toBe(401);
    expect(await hello(token)).toMatchObject({ reply: { error: { code: "auth/refused" } }, code: 4002 });
  });

  it("answers the same to all of them, which tells nothing", async () => {
    const tokens = Object.values(forgedTokens(sinkUrl)).filter((token) => /^[\w.-]+$/.test(token));
    const bodies = new Set<string>();
    for (const token of tokens) bodies.add((await ways.header(token)).body);
    expect([...bodies]).toEqual(["name and password, or a token, are needed to connect (RFC 9110, 15.5.2)\n"]);
  });

  it("says in its log, and there alone, what was wrong, and shows no token", () => {
    const whys = new Set(lines.map(({ fields }) => fields["why"]).filter((why) => why !== undefined));
    expect([...whys].toSorted()).toEqual([
      "token/algorithm",
      "token/audience",
      "token/claims",
      "token/endless",
      "token/expired",
      "token/header",
      "token/issued-later",
      "token/issuer",
      "token/malformed",
      "token/not-yet-valid",
      "token/roles",
      "token/signature",
      "token/subject",
      "token/too-long",
      "token/unknown-key",
    ]);
    const log = JSON.stringify([lines, server.audit.recent()]);
    for (const token of [...Object.values(forgedTokens(sinkUrl)), ...Object.values(validTokens())]) {
      for (const part of token.split(".")) if (part.length > 30) expect(log).not.toContain(part);
    }
  });

  it("has fetched its issuer's keys once, and nothing from anywhere else", async () => {
    expect(fetches).toBe(1);
    expect(await sink.visitors()).toBe(0);
  });
});
