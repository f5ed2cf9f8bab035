/** Tokens (RFC 7515, 7.1) signed by hand, so that a test can sign what no library would. */
import { constants, createHmac, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

export type Signer = (input: string) => Buffer;

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const rsaPair = (modulusLength = 2048): KeyPair => generateKeyPairSync("rsa", { modulusLength });
export const ecPair = (namedCurve = "P-256"): KeyPair => generateKeyPairSync("ec", { namedCurve });
export const edPair = (): KeyPair => generateKeyPairSync("ed25519");

export const hmac =
  (secret: string | Buffer, hash = "sha256"): Signer =>
  (input) =>
    createHmac(hash, secret).update(input).digest();
export const rsa =
  (key: KeyObject, hash = "sha256"): Signer =>
  (input) =>
    sign(hash, Buffer.from(input), key);
export const pss =
  (key: KeyObject, hash = "sha256"): Signer =>
  (input) =>
    sign(hash, Buffer.from(input), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
export const ecdsa =
  (key: KeyObject, hash = "sha256"): Signer =>
  (input) =>
    sign(hash, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
export const eddsa =
  (key: KeyObject): Signer =>
  (input) =>
    sign(null, Buffer.from(input), key);

/** A header or a payload: an object, or the very text. */
export type Part = Readonly<Record<string, unknown>> | string | Buffer;

export const encoded = (part: Part): string =>
  Buffer.from(typeof part === "string" || Buffer.isBuffer(part) ? part : JSON.stringify(part)).toString("base64url");

export function tokenOf(header: Part, payload: Part, signer: Signer): string {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${signer(input).toString("base64url")}`;
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

export const randomSecret = (): Buffer => randomBytes(32);
