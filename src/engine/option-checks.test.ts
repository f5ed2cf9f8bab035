import { describe, expect, it } from "vitest";
import { checkConnectOptions, checkServerOptions } from "./option-checks.js";
import type { ServerOptions, SocketOptions } from "./options.js";

const invalid = (message: RegExp): unknown =>
  expect.objectContaining({ code: "options/invalid", message: expect.stringMatching(message) });

describe("options that cannot be meant", () => {
  it.each<[RegExp, SocketOptions]>([
    [/limits\.messageBytesMax/, { limits: { messageBytesMax: 0 } }],
    [/limits\.fragmentsMax/, { limits: { fragmentsMax: -1 } }],
    [/limits\.connectionsMax/, { limits: { connectionsMax: Number.NaN } }],
    [/compression\.level/, { compression: { level: 0 } }],
    [/compression\.level/, { compression: { level: 10 } }],
    [/compression\.level/, { compression: { level: 1.5 } }],
    [/compression\.fromBytes/, { compression: { fromBytes: -1 } }],
    [/keepalive\.idleMs.*keepalive: false/, { keepalive: { idleMs: 0 } }],
    [/keepalive\.timeoutMs/, { keepalive: { timeoutMs: 0 } }],
  ])("are refused at both ends, by name: %s", (message, options) => {
    expect(() => checkServerOptions(options)).toThrow(invalid(message));
    expect(() => checkConnectOptions(options)).toThrow(invalid(message));
  });

  it.each([[["a b"]], [["a,b"]], [[""]], [["a", "a"]]])("are refused as subprotocols: %j", (subprotocols) => {
    expect(() => checkServerOptions({ subprotocols })).toThrow(invalid(/subprotocols/));
    expect(() => checkConnectOptions({ subprotocols })).toThrow(invalid(/subprotocols/));
  });

  it.each(["chat", "/a?b", "/a#b", "/a b", ""])("are refused as a path: %j", (path) => {
    expect(() => checkServerOptions({ path })).toThrow(invalid(/path/));
  });

  it.each([
    ["https://example.org/", /write "https:\/\/example\.org"/],
    ["https://example.org:443", /write "https:\/\/example\.org"/],
    ["HTTPS://Example.org", /write "https:\/\/example\.org"/],
    ["https://user@example.org", /write "https:\/\/example\.org"/],
    ["https://bücher.example", /write "https:\/\/xn--bcher-kva\.example"/],
    ["https://example.org/path", /write "https:\/\/example\.org"/],
    ["example.org", /like "https/],
    ["*", /like "https/],
    ["https://*.example.org/", /write/],
    ["chrome-extension://ABC", /like "https/],
    ["", /like "https/],
  ])("are refused as an origin, with a hint: %s", (origin, hint) => {
    expect(() => checkServerOptions({ origins: [origin] })).toThrow(invalid(hint));
  });

  it("are refused as a word for origins", () => {
    const options: object = { origins: "*" };
    expect(() => checkServerOptions(options)).toThrow(invalid(/"same" or "any"/));
  });
});

describe("options that can be meant", () => {
  it.each<[ServerOptions]>([
    [{}],
    [{ path: "/" }],
    [{ path: "/a/b%20c" }],
    [{ limits: { fragmentsMax: Number.POSITIVE_INFINITY, handshakeTimeoutMs: 0.5 } }],
    [{ keepalive: false, compression: true }],
    [{ keepalive: {}, compression: { level: 9, fromBytes: 0 } }],
    [{ subprotocols: ["chat.v2", "chat"] }],
    [{ origins: "any" }],
    [{ origins: "same" }],
    [
      {
        origins: ["https://example.org", "http://localhost:3000", "null", "chrome-extension://abcdef", "http://[::1]"],
      },
    ],
  ])("pass: %j", (options) => {
    expect(() => checkServerOptions(options)).not.toThrow();
  });
});

it("cookies and pages of any origin cannot both be meant", () => {
  const authenticate = Object.assign(() => undefined, { traits: { reliesOnOrigin: true } });
  const anyOrigin = expect.objectContaining({ code: "auth/any-origin" });
  expect(() => checkServerOptions({ authenticate, origins: "any" })).toThrow(anyOrigin);
  expect(() => checkServerOptions({ authenticate: [() => undefined, authenticate], origins: "any" })).toThrow(
    anyOrigin,
  );
  expect(() => checkServerOptions({ authenticate })).not.toThrow();
});
