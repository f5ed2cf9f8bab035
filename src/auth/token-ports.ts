/** Signature algorithms with a shared secret (RFC 7518, 3.2). */
export type SecretAlgorithm = "HS256" | "HS384" | "HS512";

/** Signature algorithms with a key pair (RFC 7518, 3.3 to 3.5; RFC 8037; RFC 9864). */
export type PublicAlgorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519";

export type TokenAlgorithm = SecretAlgorithm | PublicAlgorithm;

/** A public key as JSON (RFC 7517). */
export interface Jwk {
  readonly kty: string;
  readonly [member: string]: unknown;
}

/** A key that the platform holds: Node's `KeyObject` or the Web's `CryptoKey`. */
export interface KeyHandle {
  /** `public`; others are refused. */
  readonly type: string;
}

/** A public key: PEM (SPKI, or an X.509 certificate), JWK, or a key that the platform holds. */
export type PublicKeyMaterial = string | Jwk | KeyHandle;

/** Whether a token in its compact form (RFC 7515, 7.1) is signed with the one key and the one algorithm. */
export type SignatureCheck = (token: string) => Promise<boolean>;

/** The port for signatures. */
export interface SignatureChecks {
  /** @throws BusbarError `auth/invalid-key` */
  withSecret(secret: Uint8Array, alg: SecretAlgorithm): SignatureCheck;
  /** @throws BusbarError `auth/invalid-key`, also for a key whose type, curve or length is not the algorithm's. */
  withPublicKey(key: PublicKeyMaterial, alg: PublicAlgorithm): SignatureCheck;
}

export interface DocumentLimits {
  /** For all of it: from the name's look-up to the last byte. */
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

export interface DocumentRequest extends DocumentLimits {
  readonly url: string;
  /** Certificates in PEM to trust in place of the platform's. */
  readonly ca?: string | undefined;
}

/** The port for fetching key sets. */
export interface DocumentSource {
  /** The text of the document. Redirects are not followed. Rejects with `auth/keys-not-fetched`. */
  fetch(request: DocumentRequest): Promise<string>;
}
