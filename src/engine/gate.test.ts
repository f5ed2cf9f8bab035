import { describe, expect, it } from "vitest";
import { LogBook } from "../../test/support/engine-ground.js";
import { SAMPLE_ACCEPT, SAMPLE_KEY } from "../../test/support/tcp-peer.js";
import type { Authenticator } from "../auth/authenticator.js";
import { basic } from "./passwords.js";
import type { Principal } from "../auth/principal.js";
import { forbidden as notAllowed, noAnswer } from "../auth/recognised.js";
import { silentLogger } from "../kernel/logger.js";
import { HandshakeError } from "../protocol/errors.js";
import { HeaderMap } from "../protocol/header-map.js";
import { Gate, type Admission, type Peer } from "./gate.js";
import type { ServerOptions } from "./options.js";

type Headers = Readonly<Record<string, string | readonly string[]>>;

interface Asking {
  readonly target?: string;
  readonly headers?: Headers;
  readonly isSecure?: boolean;
}

const plain: Headers = {
  Host: "example.org",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": SAMPLE_KEY,
  "Sec-WebSocket-Version": "13",
};

async function ask(gate: Gate, { headers = {}, isSecure = false, target = "/" }: Asking = {}): Promise<Admission> {
  const raw = Object.entries({ ...plain, ...headers }).flatMap(([name, value]) =>
    [value].flat().flatMap((single) => [name, single]),
  );
  const peer: Peer = { address: "192.0.2.1", isSecure };
  return gate.admit({ method: "GET", target, httpVersion: "1.1", headers: new HeaderMap(raw) }, peer);
}

async function refusalOf(options: ServerOptions, asking?: Asking): Promise<HandshakeError> {
  try {
    await ask(new Gate(options, silentLogger), asking);
  } catch (error) {
    if (error instanceof HandshakeError) return error;
    throw error;
  }
  throw new Error("it was let in");
}

const admitted = (options: ServerOptions, asking?: Asking): Promise<Admission> =>
  ask(new Gate(options, silentLogger), asking);

const principal = (id: string): Principal => ({ id, roles: [], claims: {}, expiresAtMs: undefined });
const credentials = (text: string): Headers => ({ Authorization: `Basic ${Buffer.from(text).toString("base64")}` });

describe("the gate", () => {
  it("answers a plain request with the accept key, without a principal, a subprotocol or compression", async () => {
    const admission = await admitted({});
    expect(Buffer.from(admission.response).toString()).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Accept: ${SAMPLE_ACCEPT}\r\n\r\n`,
    );
    expect(admission).toMatchObject({ principal: undefined, protocol: "", deflate: undefined });
  });

  it.each([
    ["/chat", true],
    ["/chat?room=1", true],
    ["/", false],
    ["/chat/", false],
    ["/Chat", false],
    ["/%63hat", false],
    ["/chat/../chat", false],
    ["//chat", false],
  ])("of the path /chat, asked for %s, lets in: %s", async (target, isLetIn) => {
    if (isLetIn) expect((await admitted({ path: "/chat" }, { target })).request.url).toBe(target);
    else expect(await refusalOf({ path: "/chat" }, { target })).toMatchObject({ status: 404 });
  });

  it("refuses a request that is no upgrade to a WebSocket", async () => {
    const error = await refusalOf({}, { headers: { Upgrade: "h2c" } });
    expect([error.code, error.status]).toEqual(["handshake/not-an-upgrade", 426]);
  });

  it("chooses the first of its subprotocols that is offered", async () => {
    const asking = { headers: { "Sec-WebSocket-Protocol": ["a, b", "c"] } };
    const admission = await admitted({ subprotocols: ["d", "c", "a"] }, asking);
    expect(admission.protocol).toBe("c");
    expect(Buffer.from(admission.response).toString()).toContain("Sec-WebSocket-Protocol: c\r\n");
    expect((await admitted({ subprotocols: ["d"] }, asking)).protocol).toBe("");
    expect((await admitted({}, asking)).protocol).toBe("");
  });

  it("agrees on compression where it is on and offered", async () => {
    const asking = { headers: { "Sec-WebSocket-Extensions": "x-unknown, permessage-deflate; client_max_window_bits" } };
    expect((await admitted({}, asking)).deflate).toBeUndefined();
    expect((await admitted({ compression: true })).deflate).toBeUndefined();
    const admission = await admitted({ compression: true }, asking);
    expect(admission.deflate).toMatchObject({ serverNoContextTakeover: true, clientNoContextTakeover: true });
    expect(Buffer.from(admission.response).toString()).toContain("Sec-WebSocket-Extensions: permessage-deflate; ");
    const keeping = await admitted({ compression: { contextTakeover: true } }, asking);
    expect(keeping.deflate).toMatchObject({ serverNoContextTakeover: false, clientNoContextTakeover: false });
  });
});

interface OriginCase {
  readonly origin: string | readonly string[] | undefined;
  readonly host?: string;
  readonly isSecure?: boolean;
  readonly origins?: ServerOptions["origins"];
}

const list = ["https://example.org", "http://localhost:3000", "null"];

const allowed: readonly OriginCase[] = [
  { origin: undefined },
  { origin: undefined, origins: list },
  { origin: undefined, isSecure: true },
  { origin: "http://example.org" },
  { origin: "http://example.org", host: "example.org:80" },
  { origin: "http://example.org", host: "Example.ORG" },
  { origin: "http://example.org:8080", host: "example.org:8080" },
  { origin: "http://example.org:443", host: "example.org:443" },
  { origin: "https://example.org", isSecure: true },
  { origin: "https://example.org", host: "example.org:443", isSecure: true },
  { origin: "https://example.org:80", host: "example.org:80", isSecure: true },
  { origin: "https://example.org:8443", host: "example.org:8443", isSecure: true },
  { origin: "http://[::1]:8080", host: "[::1]:8080" },
  { origin: "http://127.0.0.1", host: "127.0.0.1" },
  { origin: "http://xn--bcher-kva.example", host: "xn--bcher-kva.example" },
  { origin: "https://example.org", host: "other.example", origins: list },
  { origin: "http://localhost:3000", isSecure: true, origins: list },
  { origin: "null", origins: list },
  { origin: "null", origins: "any" },
  { origin: "https://evil.example", origins: "any" },
  { origin: ["https://a.example", "https://b.example"], origins: "any" },
];

const forbidden: readonly OriginCase[] = [
  { origin: "null" },
  { origin: "" },
  { origin: "https://example.org" },
  { origin: "http://example.org", isSecure: true },
  { origin: "ws://example.org" },
  { origin: "file://" },
  { origin: "chrome-extension://abcdef" },
  { origin: "http://example.org:8080" },
  { origin: "http://example.org", host: "example.org:8080" },
  { origin: "http://example.org", host: "example.org:443" },
  { origin: "https://example.org", host: "example.org:80", isSecure: true },
  { origin: "http://example.org:80" },
  { origin: "http://example.org/" },
  { origin: "http://example.org.evil.example" },
  { origin: "http://evil-example.org" },
  { origin: "http://sub.example.org" },
  { origin: "http://example.or" },
  { origin: "http://example.orgx" },
  { origin: "http://example.org." },
  { origin: "http://example.org@evil.example" },
  { origin: "http://evil.example@example.org" },
  { origin: "http://user:secret@example.org" },
  { origin: "http://evil.example#example.org" },
  { origin: "http://evil.example?http://example.org" },
  { origin: "http://evil.example/http://example.org" },
  { origin: "HTTP://EXAMPLE.ORG" },
  { origin: "http://EXAMPLE.org" },
  // Greek omicron, as it stands and as a browser sends it; a full-width letter.
  { origin: "http://example.\u00CE\u00BFrg" },
  { origin: "http://example.xn--rg-gmc" },
  { origin: "http://\u00EF\u00BD\u0085xample.org" },
  { origin: "http://example.org http://evil.example" },
  { origin: "http://example.org, http://evil.example" },
  { origin: ["http://example.org", "http://evil.example"] },
  { origin: ["http://example.org", "http://example.org"] },
  { origin: "http://127.0.0.1", host: "localhost" },
  { origin: "http://[::1]", host: "[::1]:8080" },
  { origin: "http://example.org", origins: list },
  { origin: "https://example.org:443", origins: list },
  { origin: "https://sub.example.org", origins: list },
  { origin: "https://example.org.evil.example", origins: list },
  { origin: "http://localhost:3001", origins: list },
  { origin: "http://localhost", origins: list },
  { origin: ["https://example.org", "https://example.org"], origins: list },
  { origin: "http://example.org", origins: [] },
  { origin: "null", origins: ["https://example.org"] },
];

const originTitle = ({ host = "example.org", isSecure = false, origin, origins = "same" }: OriginCase): string =>
  `origin ${JSON.stringify(origin)} at ${isSecure ? "wss" : "ws"}://${host}, where ${JSON.stringify(origins)} may`;

function originAsking({ host = "example.org", isSecure = false, origin }: OriginCase): Asking {
  return { isSecure, headers: { Host: host, ...(origin !== undefined && { Origin: origin }) } };
}

describe("of a page of another origin", () => {
  it.each(allowed.map((one) => ({ ...one, title: originTitle(one) })))("lets in: $title", async (one) => {
    const options = one.origins === undefined ? {} : { origins: one.origins };
    expect((await admitted(options, originAsking(one))).protocol).toBe("");
  });

  it.each(forbidden.map((one) => ({ ...one, title: originTitle(one) })))("refuses: $title", async (one) => {
    const options = one.origins === undefined ? {} : { origins: one.origins };
    expect(await refusalOf(options, originAsking(one))).toMatchObject({ code: "handshake/origin", status: 403 });
  });

  it("nobody is asked to authenticate", async () => {
    let asked = 0;
    const authenticate: Authenticator = () => {
      asked++;
      return principal("ada");
    };
    await refusalOf({ authenticate }, { headers: { Origin: "https://evil.example" } });
    expect(asked).toBe(0);
  });
});

describe("authentication at the gate", () => {
  it("sees URL, path, headers, cookies, credentials and address, and its principal becomes the socket's", async () => {
    const seen: unknown[] = [];
    const authenticate: Authenticator = ({ cookies, credentials, headers, path, remoteAddress, url }) => {
      seen.push(url, path, headers.get("X-Token"), cookies.get("session"), credentials, remoteAddress);
      return principal("ada");
    };
    const admission = await admitted(
      { authenticate },
      { target: "/a?token=1", headers: { "x-token": "t", Cookie: "session=s", ...credentials("ada:lovelace") } },
    );
    expect(admission.principal).toEqual(principal("ada"));
    const basicCredentials = { scheme: "basic", username: "ada", password: "lovelace" };
    expect(seen).toEqual(["/a?token=1", "/a", "t", "s", basicCredentials, "192.0.2.1"]);
  });

  it("can take its time", async () => {
    const authenticate: Authenticator = () => Promise.resolve(principal("ada"));
    expect((await admitted({ authenticate })).principal?.id).toBe("ada");
  });

  it("refuses with 401, without a challenge where there is none", async () => {
    const error = await refusalOf({ authenticate: () => undefined });
    expect([error.code, error.status, error.headers]).toEqual(["handshake/not-authenticated", 401, {}]);
  });

  it("by name and password challenges those who gave none, or wrong ones", async () => {
    const authenticate = basic({ ada: { password: "lovelace", roles: ["member"] } }, { realm: "engine" });
    const right = await admitted({ authenticate }, { headers: credentials("ada:lovelace") });
    expect(right.principal).toMatchObject({ id: "ada", roles: ["member"] });
    for (const headers of [{}, credentials("ada:wrong"), credentials("bob:lovelace"), { Authorization: "Basic !" }]) {
      const error = await refusalOf({ authenticate }, { headers });
      expect(error.status).toBe(401);
      expect(error.headers).toEqual({ "WWW-Authenticate": 'Basic realm="engine", charset="UTF-8"' });
    }
  });

  it("asks several in order, until one knows the client", async () => {
    const asked: string[] = [];
    const named =
      (name: string, id?: string): Authenticator =>
      () => {
        asked.push(name);
        return id === undefined ? undefined : principal(id);
      };
    const admission = await admitted({ authenticate: [named("1"), named("2", "ada"), named("3", "bob")] });
    expect([admission.principal?.id, asked]).toEqual(["ada", ["1", "2"]]);
  });

  it("lets nobody in with an empty list", async () => {
    expect(await refusalOf({ authenticate: [] })).toMatchObject({ status: 401 });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no database: password=hunter2");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no database: password=hunter2"))],
  ] satisfies [string, Authenticator][])(
    "that %s answers 500 without a detail, and with a line in the log",
    async (_, authenticate) => {
      const logger = new LogBook();
      const refused = await ask(new Gate({ authenticate }, logger)).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: "handshake/internal", status: 500 });
      expect(String(refused)).not.toContain("hunter2");
      expect(logger.lines).toEqual([
        {
          level: "error",
          event: "websocket/authenticator-failed",
          fields: { address: "192.0.2.1", error: expect.stringContaining("no database") },
        },
      ]);
    },
  );

  it("can say itself how it refuses", async () => {
    const authenticate: Authenticator = () => {
      throw new HandshakeError("handshake/forbidden", { detail: "banned" });
    };
    expect(await refusalOf({ authenticate })).toMatchObject({
      status: 403,
      message: expect.stringContaining("banned"),
    });
  });

  it("refuses with 500 when its challenge cannot be sent, and splits no answer", async () => {
    const authenticate = Object.assign(() => undefined, { challenge: "Basic\r\nX-Injected: yes" });
    expect(await refusalOf({ authenticate })).toMatchObject({ code: "handshake/header", status: 500, headers: {} });
  });

  it("answers 403 to somebody who is known and may not connect, and tells the log alone why", async () => {
    const logger = new LogBook();
    const authenticate: Authenticator = () => {
      throw notAllowed("banned since Monday, hunter2");
    };
    const headers = credentials("ada:hunter2");
    const refused = await ask(new Gate({ authenticate }, logger), { headers }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "handshake/forbidden",
      status: 403,
      message: "this client may not connect (RFC 9110, 15.5.4)",
    });
    const why = "BusbarError: BusbarError: banned since Monday, [redacted]";
    const fields = { address: "192.0.2.1", why };
    expect(logger.lines).toEqual([{ level: "warn", event: "websocket/credentials-refused", fields }]);
  });

  it("answers 503 where it cannot be found out now who that is, and the client may come back", async () => {
    const logger = new LogBook();
    const authenticate: Authenticator = () => Promise.reject(noAnswer("too late", new Error("the directory is down")));
    const refused = await ask(new Gate({ authenticate }, logger)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "handshake/no-answer", status: 503, headers: { "Retry-After": "5" } });
    expect(refused).toMatchObject({ retryable: true, message: expect.not.stringContaining("directory") });
    expect(logger.lines).toMatchObject([
      { level: "error", fields: { error: "BusbarError: too late <- Error: the directory is down" } },
    ]);
  });

  it("writes into the log why something that was shown is not accepted, without what was shown", async () => {
    const logger = new LogBook();
    const authenticate: Authenticator = ({ at, report }) => {
      report?.({ why: `token/expired at ${at}` });
      report?.({ why: "lovelace is wrong" });
      return undefined;
    };
    const headers = credentials("ada:lovelace");
    const refused = await ask(new Gate({ authenticate }, logger), { headers }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: 401, message: expect.not.stringContaining("expired") });
    expect(logger.lines.map(({ fields }) => fields["why"])).toEqual([
      "token/expired at handshake",
      "BusbarError: [redacted] is wrong",
    ]);
  });
});
