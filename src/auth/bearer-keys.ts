import type { Clock } from "../kernel/clock.js";
import { BusbarError } from "../kernel/errors.js";
import { StaticKey, type KeySource } from "./key-source.js";
import { keySetLimits, RemoteKeys, type KeySetLimits } from "./remote-keys.js";
import type { Parties } from "./token-claims.js";
import type {
  DocumentSource,
  PublicAlgorithm,
  PublicKeyMaterial,
  SecretAlgorithm,
  SignatureChecks,
} from "./token-ports.js";

/** Whom tokens come from and whom they are for. */
export interface TokenParties {
  /** What the claim `iss` has to be. A public key needs one. */
  readonly issuer?: string;
  /** What the claim `aud` has to be, or to hold: one of these. A public key needs one. */
  readonly audience?: string | readonly string[];
}

/** A secret that issuer and server share. */
export interface SecretKey extends TokenParties {
  readonly alg: SecretAlgorithm;
  /** Bytes, or a text, which counts as UTF-8. At least as long as the hash: 32, 48 or 64 bytes (RFC 7518, 3.2). */
  readonly secret: string | Uint8Array;
  /** Tokens have to name the key so. Default: they need not. */
  readonly kid?: string;
}

/** The public half of a key pair. */
export interface PublicKey extends TokenParties {
  readonly alg: PublicAlgorithm;
  /** PEM (SPKI, or an X.509 certificate), JWK, `KeyObject` or `CryptoKey`. RSA has at least 2,048 bits. */
  readonly publicKey: PublicKeyMaterial;
  /** Tokens have to name the key so. Default: they need not. */
  readonly kid?: string;
}

/** The keys that an issuer publishes (RFC 7517, 5). */
export interface PublishedKeys extends TokenParties {
  /** What they are used with. A published key that names its algorithm is used with that one alone. */
  readonly alg: PublicAlgorithm | readonly PublicAlgorithm[];
  /** The one address that they are fetched from: `https:`, or `http:` on this machine. Redirects are not followed. */
  readonly jwks: string;
  /** Certificates in PEM to trust for this address, in place of the platform's. */
  readonly ca?: string;
  readonly limits?: Partial<KeySetLimits>;
}

export type BearerKey = SecretKey | PublicKey | PublishedKeys;

/** A key with whom it is trusted for. */
export interface TrustedKey extends Parties {
  readonly keys: KeySource;
}

/** What bearers are made with. */
export interface BearerPorts {
  readonly clock: Clock;
  readonly checks: SignatureChecks;
  readonly documents: DocumentSource;
}

const secretBytesMin: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 };

const publicAlgorithms: ReadonlySet<unknown> = new Set<PublicAlgorithm>([
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const),
]);

/** Prepare a key; `defaults` says whom it is trusted for where it does not. @throws BusbarError `auth/invalid-key`. */
export function trustedKey(key: BearerKey, defaults: TokenParties, ports: BearerPorts): TrustedKey {
  const { audience = defaults.audience ?? [], issuer = defaults.issuer } = key;
  const parties = { issuer, audience: [audience].flat() };
  if ("secret" in key) return { ...parties, keys: secretSource(key, ports) };
  if (issuer === undefined || parties.audience.length === 0) {
    throw invalidKey("a public key needs issuer and audience: others may have tokens of the same issuer");
  }
  return { ...parties, keys: "jwks" in key ? publishedSource(key, ports) : publicSource(key, ports) };
}

function secretSource({ alg, kid, secret }: SecretKey, { checks }: BearerPorts): KeySource {
  if (!Object.hasOwn(secretBytesMin, alg)) throw invalidKey("the alg of a secret is HS256, HS384 or HS512");
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
  if (bytes.length < secretBytesMin[alg])
    throw invalidKey(`a secret for ${alg} has at least ${secretBytesMin[alg]} bytes`);
  if (isPublic(new TextDecoder().decode(bytes))) {
    throw invalidKey("this secret is a public key or a certificate, which everybody knows");
  }
  return new StaticKey({ alg, kid }, checks.withSecret(bytes, alg));
}

/** A public key is no secret, in whatever form: who takes it for one accepts everybody's tokens (RFC 8725, 2.1). */
function isPublic(text: string): boolean {
  return /-----BEGIN|"kty"\s*:/.test(text);
}

function publicSource({ alg, kid, publicKey }: PublicKey, { checks }: BearerPorts): KeySource {
  requirePublic(alg);
  return new StaticKey({ alg, kid }, checks.withPublicKey(publicKey, alg));
}

function publishedSource({ alg, ca, jwks: url, limits = {} }: PublishedKeys, ports: BearerPorts): KeySource {
  const algs = [alg].flat();
  algs.forEach(requirePublic);
  if (algs.length === 0) throw invalidKey("a key set needs at least one alg");
  if (!isFetchable(url)) throw invalidKey("jwks is an https: address, without a user and a fragment");
  for (const [name, value] of Object.entries(limits)) {
    if (Object.hasOwn(keySetLimits, name) && value > 0) continue;
    throw new BusbarError("options/invalid", `the option limits of a key set has numbers above 0, and ${name} is none`);
  }
  return new RemoteKeys({ ...ports, url, ca, algs, limits: { ...keySetLimits, ...limits } });
}

function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { hash, hostname, password, protocol, username } = new URL(text);
  const isLocal = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
  const isSafe = protocol === "https:" || (protocol === "http:" && isLocal);
  return isSafe && username === "" && password === "" && hash === "";
}

function requirePublic(alg: PublicAlgorithm): void {
  if (!publicAlgorithms.has(alg)) throw invalidKey("the alg of a public key is one of RS*, PS*, ES*, EdDSA, Ed25519");
}

function invalidKey(message: string): BusbarError {
  return new BusbarError("auth/invalid-key", message);
}
