import { createPublicKey, createSecretKey, KeyObject } from "node:crypto";
import { types } from "node:util";
import type { compactVerify, errors } from "jose";
import type {
  Jwk,
  PublicAlgorithm,
  PublicKeyMaterial,
  SignatureCheck,
  SignatureChecks,
  TokenAlgorithm,
} from "../../auth/token-ports.js";
import { BusbarError } from "../../kernel/errors.js";

/** RFC 7518, 3.3 and 3.5. */
const rsaBitsMin = 2048;

/** RFC 7518, 3.4: the one curve of each algorithm, as OpenSSL calls it. */
const curves: ReadonlyMap<string, string> = new Map([
  ["ES256", "prime256v1"],
  ["ES384", "secp384r1"],
  ["ES512", "secp521r1"],
]);

interface Jose {
  readonly compactVerify: typeof compactVerify;
  readonly errors: typeof errors;
}

let jose: Promise<Jose> | undefined;

/** Load the package `jose`, once: before the first token comes, which would hold everybody up with it. */
export function loadJose(): Promise<Jose> {
  jose ??= import("jose");
  return jose;
}

/** Signatures by the package `jose`. Keys are read at once, so that a bad one shows. */
export const joseSignatureChecks: SignatureChecks = {
  withSecret(secret, alg) {
    return checkWith(createSecretKey(secret), alg);
  },
  withPublicKey(material, alg) {
    const key = publicKeyFrom(material);
    const fault = faultOf(key, alg);
    if (fault !== undefined) throw invalidKey(`a key for ${alg} ${fault}`);
    return checkWith(key, alg);
  },
};

function checkWith(key: KeyObject, alg: TokenAlgorithm): SignatureCheck {
  return async (token) => {
    const loaded = await loadJose();
    try {
      await loaded.compactVerify(token, key, { algorithms: [alg] });
      return true;
    } catch (error) {
      if (error instanceof loaded.errors.JOSEError) return false;
      throw error;
    }
  };
}

function publicKeyFrom(material: PublicKeyMaterial): KeyObject {
  if (isPrivate(material)) throw invalidKey("this is a private key: whoever checks tokens needs the public one alone");
  try {
    if (typeof material === "string") return createPublicKey(material);
    if (types.isKeyObject(material)) return material;
    if (types.isCryptoKey(material)) return KeyObject.from(material);
    if (isJwk(material)) return createPublicKey({ key: { ...material }, format: "jwk" });
  } catch (cause) {
    throw invalidKey("this key cannot be read: it is no PEM, JWK or KeyObject of a public key", cause);
  }
  throw invalidKey("a public key is a PEM, a JWK, a KeyObject or a CryptoKey");
}

function isPrivate(material: PublicKeyMaterial): boolean {
  if (typeof material === "string") return material.includes("PRIVATE KEY-----");
  return isJwk(material) ? "d" in material || "k" in material : material.type !== "public";
}

function isJwk(material: PublicKeyMaterial): material is Jwk {
  return typeof material === "object" && "kty" in material;
}

/** How a key does not fit an algorithm; undefined where it does. */
function faultOf(key: KeyObject, alg: PublicAlgorithm): string | undefined {
  const { asymmetricKeyDetails: details, asymmetricKeyType: type } = key;
  if (alg.startsWith("RS") || alg.startsWith("PS")) {
    if (type !== "rsa") return "is an RSA key";
    return (details?.modulusLength ?? 0) >= rsaBitsMin ? undefined : `has at least ${rsaBitsMin} bits`;
  }
  if (alg.startsWith("ES")) {
    return type === "ec" && details?.namedCurve === curves.get(alg) ? undefined : `is on the curve ${curves.get(alg)}`;
  }
  return type === "ed25519" ? undefined : "is on the curve Ed25519";
}

function invalidKey(message: string, cause?: unknown): BusbarError {
  return new BusbarError("auth/invalid-key", message, { cause });
}
