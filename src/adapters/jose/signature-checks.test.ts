import {
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  webcrypto,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import {
  ecdsa,
  ecPair,
  eddsa,
  edPair,
  hmac,
  pss,
  rsa,
  rsaPair,
  tokenOf,
  type Signer,
} from "../../../test/support/signed-tokens.js";
import { selfSigned } from "../../../test/support/certificate.js";
import type { Jwk, PublicAlgorithm, PublicKeyMaterial } from "../../auth/token-ports.js";
import { joseSignatureChecks as checks } from "./signature-checks.js";

const jose = vi.hoisted(() => ({ isLoaded: false }));
vi.mock("jose", async (load) => {
  jose.isLoaded = true;
  return load();
});

it("jose is loaded with the first token", async () => {
  const check = checks.withSecret(Buffer.alloc(32), "HS256");
  expect(jose.isLoaded).toBe(false);
  expect(await check("no token")).toBe(false);
  expect(jose.isLoaded).toBe(true);
});

const pairs = { rsa: rsaPair(), p256: ecPair(), p384: ecPair("P-384"), p521: ecPair("P-521"), ed: edPair() };
const claims = { sub: "ada" };
const invalid = expect.objectContaining({ code: "auth/invalid-key" });
const pem = (key: KeyObject, type: "spki" | "pkcs1" | "pkcs8" = "spki"): string =>
  String(key.export({ type, format: "pem" } as { type: "spki"; format: "pem" }));
const jwk = (key: KeyObject): Jwk => key.export({ format: "jwk" }) as JsonWebKey & Jwk;

describe("signatures", () => {
  const cases: readonly (readonly [
    PublicAlgorithm,
    keyof typeof pairs,
    (key: KeyObject, hash: string) => Signer,
    string,
  ])[] = [
    ["RS256", "rsa", rsa, "sha256"],
    ["RS384", "rsa", rsa, "sha384"],
    ["RS512", "rsa", rsa, "sha512"],
    ["PS256", "rsa", pss, "sha256"],
    ["ES256", "p256", ecdsa, "sha256"],
    ["ES384", "p384", ecdsa, "sha384"],
    ["ES512", "p521", ecdsa, "sha512"],
    ["EdDSA", "ed", eddsa, ""],
    ["Ed25519", "ed", eddsa, ""],
  ];

  it.each(cases)("of %s are checked", async (alg, name, signer, hash) => {
    const { privateKey, publicKey } = pairs[name];
    const check = checks.withPublicKey(publicKey, alg);
    const token = tokenOf({ alg }, claims, signer(privateKey, hash));
    expect(await check(token)).toBe(true);
    expect(
      await check(tokenOf({ alg }, { sub: "bob" }, () => Buffer.from(token.split(".")[2] ?? "", "base64url"))),
    ).toBe(false);
    expect(await check(`${token}x`)).toBe(false);
    expect(await check("no token")).toBe(false);
  });

  it("with a secret are checked", async () => {
    const secret = Buffer.alloc(64, 1);
    for (const [alg, hash] of [
      ["HS256", "sha256"],
      ["HS384", "sha384"],
      ["HS512", "sha512"],
    ] as const) {
      const check = checks.withSecret(secret, alg);
      expect(await check(tokenOf({ alg }, claims, hmac(secret, hash)))).toBe(true);
      expect(await check(tokenOf({ alg }, claims, hmac(Buffer.alloc(64), hash)))).toBe(false);
    }
  });

  it("are of the one algorithm, whatever the token says", async () => {
    const { privateKey, publicKey } = pairs.rsa;
    const check = checks.withPublicKey(publicKey, "RS256");
    expect(await check(tokenOf({ alg: "PS256" }, claims, pss(privateKey)))).toBe(false);
    expect(await check(tokenOf({ alg: "RS512" }, claims, rsa(privateKey, "sha512")))).toBe(false);
    expect(await check(tokenOf({ alg: "HS256" }, claims, hmac(pem(publicKey))))).toBe(false);
    expect(await check(tokenOf({ alg: "none" }, claims, () => Buffer.alloc(0)))).toBe(false);
  });

  it("are checked with a key in each form", async () => {
    const { privateKey, publicKey } = pairs.p256;
    const token = tokenOf({ alg: "ES256" }, claims, ecdsa(privateKey));
    const cryptoKey = await webcrypto.subtle.importKey(
      "jwk",
      publicKey.export({ format: "jwk" }),
      { name: "ECDSA", namedCurve: "P-256" },
      true,
      ["verify"],
    );
    for (const form of [
      publicKey,
      pem(publicKey),
      jwk(publicKey),
      { ...jwk(publicKey), kid: "x", use: "sig" },
      cryptoKey,
    ]) {
      expect(await checks.withPublicKey(form, "ES256")(token)).toBe(true);
    }
    const { cert, key } = selfSigned();
    expect(
      await checks.withPublicKey(cert, "ES256")(tokenOf({ alg: "ES256" }, claims, ecdsa(createPrivateKey(key)))),
    ).toBe(true);
    expect(await checks.withPublicKey(pem(pairs.rsa.publicKey, "pkcs1"), "RS256")("x")).toBe(false);
  });
});

describe("a public key", () => {
  const { privateKey, publicKey } = pairs.p256;
  const kinds: Record<string, readonly [PublicKeyMaterial, PublicAlgorithm]> = {
    "a private PEM": [pem(privateKey, "pkcs8"), "ES256"],
    "a private JWK": [jwk(privateKey), "ES256"],
    "a private key": [privateKey, "ES256"],
    "a secret JWK": [{ kty: "oct", k: "AAAA" }, "ES256"],
    "a secret key": [createSecretKey(Buffer.alloc(32)), "ES256"],
    "an RSA key on a curve": [pairs.rsa.publicKey, "ES256"],
    "a curve as RSA": [publicKey, "RS256"],
    "another curve": [pairs.p384.publicKey, "ES256"],
    "a curve that WebCrypto does not know": [ecPair("secp256k1").publicKey, "ES256"],
    "a curve as an Edwards curve": [publicKey, "EdDSA"],
    "the other Edwards curve": [generateKeyPairSync("ed448").publicKey, "EdDSA"],
    "a curve for agreements": [generateKeyPairSync("x25519").publicKey, "EdDSA"],
    "an RSA key that is too short": [rsaPair(1024).publicKey, "RS256"],
    "a short one for PSS": [rsaPair(1024).publicKey, "PS256"],
    "an RSA key for PSS alone": [generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey, "PS256"],
    "no PEM": ["ssh-rsa AAAA", "RS256"],
    nothing: ["", "RS256"],
    "no JWK": [{ kty: "RSA" }, "RS256"],
    "something that says that it is public": [{ type: "public" }, "RS256"],
  };

  it.each(Object.keys(kinds))("is refused at the start: %s", (name) => {
    const [key, alg] = kinds[name] ?? ["", "RS256"];
    expect(() => checks.withPublicKey(key, alg)).toThrow(invalid);
  });
});
