import { describe, expect, it } from "vitest";
import { HeaderMap } from "../protocol/header-map.js";
import type { AuthenticationRequest } from "./authenticator.js";
import { withoutSecrets } from "./redaction.js";

const request: AuthenticationRequest = {
  url: "/bus?token=query%20secret&x=1",
  path: "/bus",
  headers: new HeaderMap([
    "Host",
    "example.org",
    "X-Api-Key",
    "key-in-a-header",
    "Sec-WebSocket-Protocol",
    "busbar.v1, busbar.token.in-a-subprotocol",
  ]),
  cookies: new Map([["sid", "cookie-value"]]),
  remoteAddress: "192.0.2.1",
  credentials: { scheme: "basic", username: "ada", password: 'pass"word\n/1' },
};
const bearer: AuthenticationRequest = {
  ...request,
  headers: { get: () => undefined },
  url: "/bus",
  credentials: { scheme: "bearer", token: "header.payload.signature" },
};

describe("an authenticator's error", () => {
  it("is the same where it holds nothing that the client showed", () => {
    const error = new Error("example.org: no such user, ada");
    expect(withoutSecrets(error, request)).toBe(error);
    expect(withoutSecrets("text", request)).toBe("text");
  });

  it.each([
    ["query secret", request],
    ["query%20secret", request],
    ["key-in-a-header", request],
    ["busbar.token.in-a-subprotocol", request],
    ["cookie-value", request],
    ['pass"word\n/1', request],
    [JSON.stringify({ password: 'pass"word\n/1' }), request],
    [encodeURIComponent('pass"word\n/1'), request],
    ["header.payload.signature", bearer],
    ["payload", bearer],
  ])("is another one, without the secret, where it holds %j", (text, asked) => {
    const secret = text.startsWith("{") ? 'pass\\"word' : text;
    const clean = withoutSecrets(new TypeError(`cannot take ${text}!`, { cause: new Error(`${text}!`) }), asked);
    expect(clean).toMatchObject({ code: "auth/failed", message: expect.stringContaining("[redacted]") });
    const { message = "", stack = "" } = clean instanceof Error ? clean : {};
    expect(message).toMatch(/^TypeError: cannot take .*!$/);
    for (const where of [message, stack]) expect(where).not.toContain(secret);
    expect(stack).toContain("redaction.test");
    expect(clean).not.toHaveProperty("cause");
  });

  it("is cleaned also where it is no Error, has no stack, or the secret is not well-formed", () => {
    const odd = { ...bearer, credentials: { scheme: "bearer", token: "half\ud800pair" } } as const;
    expect(withoutSecrets("half\ud800pair is odd", odd)).toMatchObject({ message: "[redacted] is odd", stack: "" });
    const error = new Error("half\ud800pair");
    delete error.stack;
    expect(withoutSecrets(error, odd)).toMatchObject({ message: "Error: [redacted]" });
  });

  it("does not take short texts for secrets, and knows requests without credentials", () => {
    const error = new Error("abc");
    const asked: AuthenticationRequest = { ...bearer, credentials: undefined, cookies: new Map([["a", "abc"]]) };
    expect(withoutSecrets(error, asked)).toBe(error);
  });
});
