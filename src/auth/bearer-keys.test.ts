import { describe, expect, it } from "vitest";
import { silentPorts } from "../../test/support/bearer-ports.js";
import { trustedKey, type BearerKey, type TokenParties } from "./bearer-keys.js";

const parties: TokenParties = { issuer: "i", audience: "a" };
const jwks = "https://id.example/jwks.json";
const ports = silentPorts();

const invalid = (code = "auth/invalid-key") => expect.objectContaining({ code });

describe("a key for tokens", () => {
  it("is trusted for its own parties, or for those of all keys", () => {
    const key: BearerKey = { alg: "ES256", publicKey: "pem" };
    expect(trustedKey(key, parties, ports)).toMatchObject({ issuer: "i", audience: ["a"] });
    const own = { issuer: "j", audience: ["b", "c"] };
    expect(trustedKey({ ...key, ...own }, parties, ports)).toMatchObject(own);
    const secret: BearerKey = { alg: "HS256", secret: "s".repeat(32) };
    expect(trustedKey(secret, {}, ports)).toMatchObject({ issuer: undefined, audience: [] });
  });

  it("takes its own algorithm alone", () => {
    const { keys } = trustedKey({ alg: "RS256", jwks }, parties, ports);
    expect([keys.takes("RS256"), keys.takes("HS256"), keys.takes("PS256")]).toEqual([true, false, false]);
    const several = trustedKey({ alg: ["ES256", "EdDSA"], jwks, limits: { timeoutMs: 1 } }, parties, ports).keys;
    expect([several.takes("ES256"), several.takes("EdDSA"), several.takes("RS256")]).toEqual([true, true, false]);
  });

  it.each<[string, object]>([
    ["an unknown algorithm", { alg: "none", secret: "s".repeat(32) }],
    ["an algorithm of key pairs with a secret", { alg: "RS256", secret: "s".repeat(32) }],
    ["an algorithm that objects inherit", { alg: "toString", secret: "s".repeat(32) }],
    ["a secret that is too short", { alg: "HS256", secret: "s".repeat(31) }],
    ["a secret that is too short for its hash", { alg: "HS512", secret: new Uint8Array(63) }],
    ["an empty secret", { alg: "HS256", secret: "" }],
    ["a public key as a secret", { alg: "HS256", secret: `-----BEGIN PUBLIC KEY-----\n${"A".repeat(64)}` }],
    [
      "a certificate as a secret",
      { alg: "HS256", secret: Buffer.from(`-----BEGIN CERTIFICATE-----${"A".repeat(64)}`) },
    ],
    ["a JWK as a secret", { alg: "HS256", secret: JSON.stringify({ kty: "RSA", n: "A".repeat(64) }) }],
    ["HS256 with a public key", { alg: "HS256", publicKey: "pem" }],
    ["HS256 with published keys", { alg: "HS256", jwks }],
    ["HS256 among others with published keys", { alg: ["RS256", "HS256"], jwks }],
    ["no algorithm with published keys", { alg: [], jwks }],
    ["keys at an http: address", { alg: "RS256", jwks: "http://id.example/jwks.json" }],
    ["keys at an address that looks local", { alg: "RS256", jwks: "http://127.0.0.1.evil.example/" }],
    ["keys in a file", { alg: "RS256", jwks: "file:///etc/jwks.json" }],
    ["keys at a path", { alg: "RS256", jwks: "/jwks.json" }],
    ["keys at an address with a user", { alg: "RS256", jwks: "https://a@id.example/" }],
    ["keys at an address with a password", { alg: "RS256", jwks: "https://:b@id.example/" }],
    ["keys at an address with a fragment", { alg: "RS256", jwks: "https://id.example/#x" }],
  ])("is refused at the start: %s", (_what, key) => {
    expect(() => trustedKey(key as BearerKey, parties, ports)).toThrow(invalid());
  });

  it.each(["https://id.example/a?b=c", "http://localhost:8080/", "http://127.0.0.1/", "http://[::1]:1/"])(
    "can be published at %s",
    (url) => {
      expect(() => trustedKey({ alg: "RS256", jwks: url }, parties, ports)).not.toThrow();
    },
  );

  it.each([{}, { issuer: "i" }, { audience: "a" }, { issuer: "i", audience: [] }])(
    "that is public needs issuer and audience, and not %j",
    (given) => {
      expect(() => trustedKey({ alg: "ES256", publicKey: "pem" }, given, ports)).toThrow(invalid());
      expect(() => trustedKey({ alg: "ES256", jwks }, given, ports)).toThrow(invalid());
    },
  );

  it.each([{ timeoutMs: 0 }, { bytesMax: Number.NaN }, { timeout: 5 }])("has no limits %j", (limits) => {
    const key = { alg: "ES256", jwks, limits } as BearerKey;
    expect(() => trustedKey(key, parties, ports)).toThrow(invalid("options/invalid"));
  });
});
