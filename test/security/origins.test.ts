/** Which origins a running server lets in: everything that pages, sandboxes and attackers send, or seem to. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { basic, serve, silentLogger, type BusServer } from "busbar/server";
import { app, users, type App } from "../support/bus-ground.js";
import { TcpPeer, upgradeRequest } from "../support/tcp-peer.js";

const HOST = "chat.example:8080";
const OWN = "http://chat.example:8080";
const LISTED = ["https://app.example", "https://app.example:8443", "capacitor://localhost"];

const running: Record<string, BusServer<App>> = {};

beforeAll(async () => {
  const options = { authenticate: basic(users), host: "127.0.0.1", logger: silentLogger };
  running["same"] = await serve(app, options);
  running["listed"] = await serve(app, { ...options, origins: LISTED });
  running["any"] = await serve(app, { ...options, origins: "any" });
});

afterAll(async () => {
  await Promise.all(Object.values(running).map((server) => server.close()));
});

interface Asked {
  readonly server?: "same" | "listed" | "any";
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The status that a request for an upgrade from these origins is answered with. */
async function statusOf(origins: readonly string[], { headers = {}, host = HOST, server = "same" }: Asked = {}) {
  const peer = await TcpPeer.connect({ port: Number(running[server]?.port) });
  const request = upgradeRequest({
    target: "/bus",
    headers: { Host: host, Origin: origins, "Sec-WebSocket-Protocol": "busbar.v1", ...headers },
  });
  // Byte for byte: an origin that is no ASCII goes out as UTF-8.
  peer.write(Buffer.from(request));
  const { status } = await peer.head();
  peer.socket.destroy();
  return status;
}

describe("a server refuses every origin that is not its own:", () => {
  it.each([
    ["null, which many pages share", "null"],
    ["nothing", ""],
    ["another host", "http://evil.example"],
    ["another host with the own port", "http://evil.example:8080"],
    ["a host that ends like the own one", "http://evilchat.example:8080"],
    ["a host that begins like the own one", "http://chat.example.evil.example:8080"],
    ["the own host and port before another host", "http://chat.example:8080.evil.example"],
    ["a host below the own one", "http://a.chat.example:8080"],
    ["the host above the own one", "http://example:8080"],
    ["another port", "http://chat.example:8081"],
    ["a longer port", "http://chat.example:80800"],
    ["a shorter port", "http://chat.example:808"],
    ["a port with a zero before it", "http://chat.example:08080"],
    ["an empty port", "http://chat.example:"],
    ["no port", "http://chat.example"],
    ["the own host with a safe scheme", "https://chat.example:8080"],
    ["the scheme of the socket", "ws://chat.example:8080"],
    ["the safe scheme of the socket", "wss://chat.example:8080"],
    ["a scheme in capitals", "HTTP://chat.example:8080"],
    ["a host in capitals", "http://CHAT.example:8080"],
    ["no scheme", "chat.example:8080"],
    ["no scheme, with slashes", "//chat.example:8080"],
    ["a scheme twice", "http://http://chat.example:8080"],
    ["one slash", "http:/chat.example:8080"],
    ["backslashes", "http:\\\\chat.example:8080"],
    ["a path", "http://chat.example:8080/"],
    ["a query", "http://chat.example:8080?"],
    ["a fragment", "http://chat.example:8080#"],
    ["the own host as the user of another", "http://chat.example:8080@evil.example"],
    ["the own host as user and password of another", "http://chat.example:8080@evil.example:8080"],
    ["a user", "http://ada@chat.example:8080"],
    ["a dot behind the host", "http://chat.example.:8080"],
    ["a look-alike in Cyrillic", "http://ch\u0430t.example:8080"],
    ["the same in Punycode", "http://xn--cht-5cd.example:8080"],
    ["a wide letter", "http://\uFF43hat.example:8080"],
    ["a wide dot", "http://chat\u3002example:8080"],
    ["a letter that nobody sees", "http://chat\u200B.example:8080"],
    ["an escaped letter", "http://%63hat.example:8080"],
    ["a blank inside", "http://chat.example :8080"],
    ["the own one and another in a list", `${OWN}, http://evil.example`],
    ["the own one and another with a blank between", `${OWN} http://evil.example`],
    ["the own one twice in a list", `${OWN}, ${OWN}`],
    ["a file", "file://"],
    ["a file with a path", "file:///etc/passwd"],
    ["an extension of Chrome", "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh"],
    ["an extension of Firefox", "moz-extension://12345678-1234-1234-1234-123456789abc"],
    ["data", "data:"],
    ["a blob of the own page", `blob:${OWN}`],
    ["no page", "about:blank"],
    ["a script", "javascript:"],
    ["a star", "*"],
    ["a star for a host", "http://*:8080"],
    ["the name of a method", "toString"],
    ["an object's prototype", "__proto__"],
  ])("%s", async (_, origin) => {
    expect(await statusOf([origin])).toBe(403);
  });

  it.each([
    ["the own one behind another", ["http://evil.example", OWN]],
    ["another behind the own one", [OWN, "http://evil.example"]],
    ["the own one twice", [OWN, OWN]],
    ["null behind the own one", [OWN, "null"]],
  ])("several headers: %s", async (_, origins) => {
    expect(await statusOf(origins)).toBe(403);
  });

  it.each([
    ["a shorter IPv4 address", "127.0.0.1:8080", "http://127.1:8080"],
    ["an IPv4 address as a number", "127.0.0.1:8080", "http://2130706433:8080"],
    ["an IPv4 address in hexadecimals", "127.0.0.1:8080", "http://0x7f.0.0.1:8080"],
    ["the name of the same machine", "127.0.0.1:8080", "http://localhost:8080"],
    ["an IPv4 address in an IPv6 address", "127.0.0.1:8080", "http://[::ffff:127.0.0.1]:8080"],
    ["an IPv6 address at length", "[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080"],
    ["an IPv6 address without brackets", "[::1]:8080", "http://::1:8080"],
    ["another IPv6 address", "[::1]:8080", "http://[::2]:8080"],
    ["the default port, where that is not the own one", "chat.example:8080", "http://chat.example:80"],
    ["the default port written out, where browsers leave it out", "chat.example", "http://chat.example:80"],
    ["the safe default port", "chat.example", "http://chat.example:443"],
  ])("%s", async (_, host, origin) => {
    expect(await statusOf([origin], { host })).toBe(403);
  });

  it.each([
    ["X-Forwarded-Host", { "X-Forwarded-Host": "evil.example" }],
    ["Forwarded", { Forwarded: "host=evil.example;proto=http" }],
    ["X-Original-Host", { "X-Original-Host": "evil.example" }],
    ["Sec-WebSocket-Origin", { "Sec-WebSocket-Origin": OWN }],
    ["Referer", { Referer: `${OWN}/` }],
    ["X-Forwarded-Proto", { "X-Forwarded-Proto": "http", "X-Forwarded-Port": "80" }],
  ])("whatever %s says", async (_, headers) => {
    expect(await statusOf(["http://evil.example"], { headers })).toBe(403);
  });
});

describe("a server lets in", () => {
  it.each([
    ["its own origin", HOST, [OWN]],
    ["programs, which have none", HOST, []],
    ["its own origin where the host is in capitals", "CHAT.example:8080", [OWN]],
    ["its own origin at the default port", "chat.example", ["http://chat.example"]],
    ["its own origin where the host has the default port", "chat.example:80", ["http://chat.example"]],
    ["its own IPv4 address", "127.0.0.1:8080", ["http://127.0.0.1:8080"]],
    ["its own IPv6 address", "[::1]:8080", ["http://[::1]:8080"]],
    ["its own name in Punycode", "xn--cht-5cd.example", ["http://xn--cht-5cd.example"]],
  ])("%s", async (_, host, origins) => {
    expect(await statusOf(origins, { host })).toBe(101);
  });
});

describe("a server with a list of origins", () => {
  it.each(LISTED)("lets in %s", async (origin) => {
    expect(await statusOf([origin], { server: "listed" })).toBe(101);
  });

  it("lets in programs, which have none", async () => {
    expect(await statusOf([], { server: "listed" })).toBe(101);
  });

  it.each([
    OWN,
    "null",
    "",
    "http://app.example",
    "https://app.example:443",
    "https://app.example/",
    "https://app.example.evil.example",
    "https://evil-app.example",
    "https://a.app.example",
    "https://app.example:8444",
    "https://APP.example",
    "https://app.example.",
    "https://app.example, https://app.example:8443",
    "capacitor://localhost:8080",
    "0",
    "length",
  ])("refuses %j", async (origin) => {
    expect(await statusOf([origin], { server: "listed" })).toBe(403);
  });

  it("refuses two of the list at once", async () => {
    expect(await statusOf(["https://app.example", "https://app.example:8443"], { server: "listed" })).toBe(403);
  });
});

it("a server for any origin says so in its options, and lets in null", async () => {
  expect(await statusOf(["null"], { server: "any" })).toBe(101);
  expect(await statusOf(["http://evil.example"], { server: "any" })).toBe(101);
});
