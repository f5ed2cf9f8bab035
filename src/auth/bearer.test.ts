import { beforeEach, describe, expect, it } from "vitest";
import { silentPorts } from "../../test/support/bearer-ports.js";
import { request } from "../../test/support/session-world.js";
import { tokenOf } from "../../test/support/signed-tokens.js";
import type { AuthenticationRequest } from "./authenticator.js";
import type { BearerKey } from "./bearer-keys.js";
import { bearerDefaults, bearerWith, type BearerOptions } from "./bearer.js";

const secret: BearerKey = { alg: "HS256", secret: "s".repeat(32) };
const pair: BearerKey = { alg: "ES256", publicKey: "pem", issuer: "i", audience: "a" };

describe("a bearer of tokens", () => {
  let ports: ReturnType<typeof silentPorts>;
  let whys: string[];
  beforeEach(() => {
    ports = silentPorts();
    whys = [];
  });

  const token = (claims: Record<string, unknown> = {}, alg = "HS256", signature = "good"): string => {
    const exp = ports.clock.wallTimeMs() / 1000 + 60;
    return tokenOf({ alg }, { sub: "ada", exp, ...claims }, () => Buffer.from(signature));
  };
  const showing = (text: string): AuthenticationRequest => ({
    ...request,
    credentials: { scheme: "bearer", token: text },
    report: ({ why, isAmbient }) => void whys.push(isAmbient === true ? `ambient ${why}` : why),
  });
  const judge = async (text: string, keys: BearerKey | BearerKey[] = secret, options: BearerOptions = {}) =>
    bearerWith(ports, keys, options)(showing(text));

  it("is who the token says, until it expires", async () => {
    const expiresAtMs = ports.clock.wallTimeMs() + 60_000;
    const claims = expect.objectContaining({ sub: "ada", jti: "t" });
    expect(await judge(token({ roles: ["a"], jti: "t" }))).toEqual({ id: "ada", roles: ["a"], claims, expiresAtMs });
    ports.clock.advance(60_000);
    expect(await judge(token({ exp: ports.clock.wallTimeMs() / 1000 }))).toBeUndefined();
    expect(whys).toEqual(["token/expired"]);
  });

  it("is nobody without a token, and nothing is said of that", async () => {
    const authenticate = bearerWith(ports, secret);
    expect(await authenticate(request)).toBeUndefined();
    const basic = { scheme: "basic", username: "ada", password: "x" } as const;
    expect(await authenticate({ ...showing(""), credentials: basic })).toBeUndefined();
    expect(whys).toEqual([]);
  });

  it.each([
    ["token/malformed", "x", secret],
    ["token/too-long", "x".repeat(bearerDefaults.tokenLengthMax + 1), secret],
    ["token/algorithm", () => token({}, "none"), secret],
    ["token/algorithm", () => token({}, "ES256"), secret],
    ["token/signature", () => token({}, "HS256", "bad"), secret],
    ["token/signature", () => token({}, "HS256", "bad"), [secret, pair]],
    ["token/issuer", () => token({ iss: "j", aud: "a" }, "ES256"), [secret, pair]],
    ["token/audience", () => token({ iss: "i" }, "ES256"), pair],
    ["token/unknown-key", () => token({ iss: "i", aud: "a" }, "ES256"), { ...pair, kid: "k" }],
    ["token/endless", () => token({ exp: undefined }), secret],
    ["token/subject", () => token({ sub: 1 }), secret],
  ] as const)("is nobody, for %s", async (why, text, keys) => {
    expect(await judge(typeof text === "string" ? text : text(), keys as BearerKey)).toBeUndefined();
    expect(whys).toEqual([why]);
  });

  it("is told of nothing where nobody listens", async () => {
    expect(
      await bearerWith(ports, secret)({ ...request, credentials: { scheme: "bearer", token: "x" } }),
    ).toBeUndefined();
  });

  it("is judged with the key whose issuer the token names", async () => {
    const other: BearerKey = { ...pair, issuer: "j" };
    expect(await judge(token({ iss: "j", aud: "a" }, "ES256"), [pair, other])).toMatchObject({ id: "ada" });
    const common = { issuer: "i", audience: ["a", "b"] };
    expect(await judge(token({ iss: "i", aud: "b" }), secret, common)).toMatchObject({ id: "ada" });
    expect(await judge(token(), secret, common)).toBeUndefined();
  });

  it("has no answer where the keys cannot be fetched, and no keys are fetched for another's token", async () => {
    const published: BearerKey = { alg: "ES256", jwks: "https://id.example/", issuer: "i", audience: "a" };
    await expect(judge(token({ iss: "i", aud: "a" }, "ES256"), published)).rejects.toMatchObject({
      code: "auth/no-answer",
    });
    expect(await judge(token({ iss: "j", aud: "a" }, "ES256"), published)).toBeUndefined();
    expect(whys).toEqual(["token/issuer"]);
  });

  it("has other rules where options say so", async () => {
    const nbf = ports.clock.wallTimeMs() / 1000 + 30;
    expect(await judge(token({ nbf }))).toMatchObject({ id: "ada" });
    expect(await judge(token({ nbf }), secret, { clockSkewMs: 0 })).toBeUndefined();
    const endless = { allowEndless: true, id: "uid", roles: "scope" };
    const text = token({ exp: undefined, uid: "bob", scope: "x y" });
    expect(await judge(text, secret, endless)).toMatchObject({ id: "bob", roles: ["x", "y"], expiresAtMs: undefined });
    expect(await judge(token(), secret, { tokenLengthMax: 10 })).toBeUndefined();
  });

  it("shows the token in the URL where that is said, and not in hello", async () => {
    const text = token();
    const authenticate = bearerWith(ports, secret, { inUrl: "access_token" });
    const at = (url: string): AuthenticationRequest => ({ ...showing(""), url, credentials: undefined });
    expect(await authenticate(at(`/bus?x=1&access_token=${text}`))).toMatchObject({ id: "ada" });
    expect(await authenticate(at("/bus"))).toBeUndefined();
    expect(await authenticate(at("/bus?token=x"))).toBeUndefined();
    expect(await authenticate({ ...at(`/bus?access_token=${text}`), at: "hello" })).toBeUndefined();
    expect(await bearerWith(ports, secret)(at(`/bus?access_token=${text}`))).toBeUndefined();
    expect(whys).toEqual([]);
    expect(await authenticate(at(`/bus?access_token=${text}&access_token=${text}`))).toBeUndefined();
    expect(await authenticate(at("/bus?access_token="))).toBeUndefined();
    expect(whys).toEqual(["token/given-twice", "token/malformed"]);
    // What the header says counts.
    expect(await authenticate({ ...showing(token({ sub: "bob" })), url: `/bus?access_token=${text}` })).toMatchObject({
      id: "bob",
    });
  });

  it("is challenged", () => {
    expect(bearerWith(ports, secret).challenge).toBe('Bearer realm="busbar"');
    expect(bearerWith(ports, secret, { realm: "chat" }).challenge).toBe('Bearer realm="chat"');
    expect(() => bearerWith(ports, secret, { realm: '"' })).toThrow(
      expect.objectContaining({ code: "auth/invalid-realm" }),
    );
  });

  it("has at least one key, and not too many", () => {
    const invalid = expect.objectContaining({ code: "auth/invalid-key" });
    expect(() => bearerWith(ports, [])).toThrow(invalid);
    expect(() =>
      bearerWith(
        ports,
        Array.from({ length: 33 }, () => secret),
      ),
    ).toThrow(invalid);
  });

  it.each([{ clockSkewMs: -1 }, { clockSkewMs: Number.NaN }, { tokenLengthMax: 0 }, { inUrl: "" }])(
    "has no options %j",
    (options) => {
      expect(() => bearerWith(ports, secret, options)).toThrow(expect.objectContaining({ code: "options/invalid" }));
    },
  );
});
