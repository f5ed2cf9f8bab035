/** What attackers, and mistakes, make tokens of. Each is refused by a server that takes the valid ones. */
import { createSecretKey, type KeyObject } from "node:crypto";
import {
  ecdsa,
  ecPair,
  eddsa,
  edPair,
  encoded,
  hmac,
  nowSeconds,
  pss,
  randomSecret,
  rsa,
  rsaPair,
  tokenOf,
  type Part,
  type Signer,
} from "../support/signed-tokens.js";

export const issuer = "https://id.example/";
export const otherIssuer = "https://partner.example/";
export const audience = "chat.example";

/** The keys of a server that knows each kind, and of a partner whose tokens it takes as the partner's alone. */
export const secret = randomSecret();
export const published = rsaPair();
export const given = { pss: rsaPair(), ec: ecPair(), ed: edPair(), partner: ecPair() };
export const kids = { published: "published-1", pss: "pss-1" };

/** Somebody else's. */
const mallory = { rsa: rsaPair(), ec: ecPair(), ed: edPair(), ec384: ecPair("P-384") };

/** What a server in another process is given, to take the valid tokens. */
export interface GivenKeys {
  readonly issuer: string;
  readonly otherIssuer: string;
  readonly audience: string;
  readonly kids: Readonly<Record<"published" | "pss", string>>;
  readonly secret: string;
  readonly published: string;
  readonly pss: string;
  readonly ec: string;
  readonly ed: string;
  readonly partner: string;
}

export const givenKeys = (): GivenKeys => ({
  issuer,
  otherIssuer,
  audience,
  kids,
  secret: secret.toString("base64"),
  published: pem(published.publicKey),
  pss: pem(given.pss.publicKey),
  ec: pem(given.ec.publicKey),
  ed: pem(given.ed.publicKey),
  partner: pem(given.partner.publicKey),
});

const claims = (): Record<string, unknown> => ({
  iss: issuer,
  aud: audience,
  sub: "ada",
  roles: ["member"],
  iat: nowSeconds(),
  exp: nowSeconds() + 600,
});

const hs256 = { alg: "HS256", typ: "JWT" };
const signers = {
  hs: hmac(secret),
  rs: rsa(published.privateKey),
  ps: pss(given.pss.privateKey),
  es: ecdsa(given.ec.privateKey),
  ed: eddsa(given.ed.privateKey),
};

/** One for each key. */
export const validTokens = (): Record<string, string> => ({
  "a secret": tokenOf(hs256, claims(), signers.hs),
  "a published key": tokenOf({ alg: "RS256", kid: kids.published }, claims(), signers.rs),
  "a given RSA key": tokenOf({ alg: "PS256", kid: kids.pss }, claims(), signers.ps),
  "a given curve": tokenOf({ alg: "ES256" }, claims(), signers.es),
  "a given Edwards curve": tokenOf({ alg: "EdDSA" }, { ...claims(), aud: ["x", audience] }, signers.ed),
  "the partner's key": tokenOf({ alg: "ES256" }, { ...claims(), iss: otherIssuer }, ecdsa(given.partner.privateKey)),
});

/** Correctly signed with the secret; wrong is what it says. */
const says = (changed: Record<string, unknown>): string => tokenOf(hs256, { ...claims(), ...changed }, signers.hs);
const lacks = (name: string): string => {
  const { [name]: _, ...others } = claims();
  return tokenOf(hs256, others, signers.hs);
};
/** Correctly signed with the secret, with this in the header. */
const heads = (changed: Record<string, unknown>): string => tokenOf({ ...hs256, ...changed }, claims(), signers.hs);
const raw = (header: Part, payload: Part): string => tokenOf(header, payload, signers.hs);
const claimsText = (): string => JSON.stringify(claims());

function pem(key: KeyObject, type: "spki" | "pkcs1" = "spki"): string {
  return String(key.export({ type, format: "pem" }));
}

/** HS256 with what everybody knows as its secret. */
function publicKeyAsSecret(): Record<string, string> {
  const key = published.publicKey;
  const jwk = key.export({ format: "jwk" });
  const { e, kty, n } = jwk;
  const secrets: Record<string, string | Buffer> = {
    "the public key's PEM": pem(key),
    "the PEM without its last line break": pem(key).trim(),
    "the PEM with CRLF": pem(key).replaceAll("\n", "\r\n"),
    "the PEM in one line": pem(key).replaceAll("\n", ""),
    "the PKCS#1 PEM": pem(key, "pkcs1"),
    "the DER": key.export({ type: "spki", format: "der" }),
    "the JWK": JSON.stringify(jwk),
    "the JWK in its canonical form": JSON.stringify({ e, kty, n }),
    "the key set": JSON.stringify({ keys: [{ ...jwk, kid: kids.published, alg: "RS256", use: "sig" }] }),
    "the modulus": Buffer.from(String(n), "base64url"),
    "the curve's PEM": pem(given.ec.publicKey),
    "the Edwards curve's bytes": Buffer.from(String(given.ed.publicKey.export({ format: "jwk" }).x), "base64url"),
    "an empty secret": "",
    "a secret from a book": "secret",
    "the key's name": kids.published,
  };
  return Object.fromEntries(
    Object.entries(secrets).flatMap(([name, key]) => [
      [`HS256 with ${name}`, tokenOf(hs256, claims(), hmac(key))],
      [`HS256 with ${name}, by the key's name`, tokenOf({ ...hs256, kid: kids.published }, claims(), hmac(key))],
    ]),
  );
}

function algorithms(): Record<string, string> {
  const unsigned: Signer = () => Buffer.alloc(0);
  const none = (alg: unknown): string => tokenOf({ alg, typ: "JWT" }, claims(), unsigned);
  const as = (alg: string, signer: Signer, kid?: string): string => tokenOf({ alg, kid }, claims(), signer);
  return {
    "alg none": none("none"),
    "alg None": none("None"),
    "alg NONE": none("NONE"),
    "alg nOnE": none("nOnE"),
    "alg empty": none(""),
    "alg none with a signature": as("none", signers.hs),
    "alg null": tokenOf({ alg: null }, claims(), signers.hs),
    "alg missing": tokenOf({ typ: "JWT" }, claims(), signers.hs),
    "alg as a list": tokenOf({ alg: ["HS256"] }, claims(), signers.hs),
    "alg as an object": tokenOf({ alg: { HS256: 1 } }, claims(), signers.hs),
    "alg as a number": tokenOf({ alg: 256 }, claims(), signers.hs),
    "alg in lower case": tokenOf({ alg: "hs256" }, claims(), signers.hs),
    "alg with a blank": tokenOf({ alg: "HS256 " }, claims(), signers.hs),
    "alg __proto__": tokenOf({ alg: "__proto__" }, claims(), signers.hs),
    "alg constructor": tokenOf({ alg: "constructor" }, claims(), signers.hs),
    "HS512 with the secret for HS256": as("HS512", hmac(secret, "sha512")),
    "HS384 with the secret for HS256": as("HS384", hmac(secret, "sha384")),
    "RS256 with the key for PS256": as("RS256", rsa(given.pss.privateKey), kids.pss),
    "RS256 with the key for PS256, without a name": as("RS256", rsa(given.pss.privateKey)),
    "PS256 with the key for RS256": as("PS256", pss(published.privateKey), kids.published),
    "PS256 with the key for RS256, by the other's name": as("PS256", pss(published.privateKey), kids.pss),
    "RS512 with the key for RS256": as("RS512", rsa(published.privateKey, "sha512"), kids.published),
    "RS1 with the key for RS256": as("RS1", rsa(published.privateKey, "sha1"), kids.published),
    "RS256 that is signed with SHA-1": as("RS256", rsa(published.privateKey, "sha1"), kids.published),
    "ES256 on another curve": as("ES256", ecdsa(mallory.ec384.privateKey)),
    "ES384 on the curve for ES256": as("ES384", ecdsa(given.ec.privateKey, "sha384")),
    "ES256 as DER": as("ES256", (input) => derOf(signers.es(input))),
    "ES256 with a signature of zeros": as("ES256", () => Buffer.alloc(64)),
    "ES256 with the group's order twice": as("ES256", () => Buffer.concat([order, order])),
    "ES256 with a signature that is too long": as("ES256", (input) =>
      Buffer.concat([signers.es(input), Buffer.alloc(2)]),
    ),
    "EdDSA with a signature of zeros": as("EdDSA", () => Buffer.alloc(64)),
    "EdDSA by another curve's key": as("EdDSA", signers.es),
    "EdDSA as Ed448": as("Ed448", signers.ed),
    "Ed25519 with the key for EdDSA": as("Ed25519", signers.ed),
  };
}

/** Of P-256. */
const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");

function derOf(signature: Buffer): Buffer {
  const integer = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([2, 33, 0]), bytes]);
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** Signed by somebody else, who says where the key is. */
function otherKeys(sink: string): Record<string, string> {
  const jwk = { ...mallory.rsa.publicKey.export({ format: "jwk" }), kid: "mallory", alg: "RS256" };
  const by = (header: Record<string, unknown>, changed: Record<string, unknown> = {}): string =>
    tokenOf({ alg: "RS256", ...header }, { ...claims(), ...changed }, rsa(mallory.rsa.privateKey));
  const named = { kid: kids.published };
  const none = createSecretKey(Buffer.alloc(1)).export();
  return {
    "another's key": by({}),
    "another's key by our key's name": by(named),
    "another's key in jwk": by({ jwk }),
    "another's key in jwk, by our key's name": by({ jwk, ...named }),
    "another's key at jku": by({ jku: `${sink}/jwks.json` }),
    "another's key at jku, by its name": by({ jku: `${sink}/jwks.json`, kid: "mallory" }),
    "another's key at jku below our issuer's name": by({ jku: `${sink}/${issuer}`, ...named }),
    "another's key at x5u": by({ x5u: `${sink}/chain.pem`, ...named }),
    "another's key in x5c": by({
      x5c: [mallory.rsa.publicKey.export({ type: "spki", format: "der" }).toString("base64")],
    }),
    "another's issuer, who has our server fetch": by({ kid: "mallory" }, { iss: sink }),
    "another's issuer with our key's name": by(named, { iss: `${sink}/` }),
    "another's key, and its address as its name": by({ kid: `${sink}/key` }),
    "another's curve": tokenOf({ alg: "ES256" }, claims(), ecdsa(mallory.ec.privateKey)),
    "another's Edwards curve": tokenOf({ alg: "EdDSA" }, claims(), eddsa(mallory.ed.privateKey)),
    "the partner's key with our issuer": tokenOf({ alg: "ES256" }, claims(), ecdsa(given.partner.privateKey)),
    "our key with the partner's issuer": tokenOf({ alg: "ES256" }, { ...claims(), iss: otherIssuer }, signers.es),
    ...Object.fromEntries(oddNames.map((kid) => [`the key ${JSON.stringify(kid).slice(0, 40)}`, by({ kid })] as const)),
    "a file of zeros as the key": tokenOf({ ...hs256, kid: "/dev/null" }, claims(), hmac(none)),
    "a path to a public file as the key": tokenOf({ ...hs256, kid: "../../package.json" }, claims(), hmac("")),
  };
}

const oddNames: readonly unknown[] = [
  "unknown",
  "",
  "../../../../etc/passwd",
  "x' UNION SELECT 'secret' --",
  "$(id)",
  [kids.published],
  { $ne: null },
  0,
  null,
  true,
  "__proto__",
  "constructor",
  "toString",
  `${kids.published}\u0000`,
  `RS256 ${kids.published}`,
  "k".repeat(300),
];

function statements(): Record<string, string> {
  const now = nowSeconds();
  return {
    "another issuer": says({ iss: "https://evil.example/" }),
    "an issuer without its last slash": says({ iss: "https://id.example" }),
    "an issuer that begins with ours": says({ iss: `${issuer}evil` }),
    "an issuer in upper case": says({ iss: issuer.toUpperCase() }),
    "issuers in a list": says({ iss: [issuer] }),
    "issuer null": says({ iss: null }),
    "no issuer": lacks("iss"),
    "another audience": says({ aud: "shop.example" }),
    "audiences without us": says({ aud: ["shop.example", "mail.example"] }),
    "an audience that begins with us": says({ aud: `${audience}.evil.example` }),
    "us inside of an audience": says({ aud: `x ${audience}` }),
    "no audiences": says({ aud: [] }),
    "audiences in a list of lists": says({ aud: [[audience]] }),
    "us and no text as audiences": says({ aud: [audience, 1] }),
    "an audience as an object": says({ aud: { [audience]: true } }),
    "no audience": lacks("aud"),
    "expired a second ago": says({ exp: now - 1 }),
    "expired in 1970": says({ exp: 0 }),
    "expired, with a fraction": says({ exp: now - 0.5 }),
    "an end before all time": says({ exp: -1 }),
    "an end as a text": says({ exp: String(now + 600) }),
    "an end as a date": says({ exp: "2099-01-01T00:00:00Z" }),
    "an end as a list": says({ exp: [now + 600] }),
    "an end as a boolean": says({ exp: true }),
    "an end of null": says({ exp: null }),
    "an end of NaN": raw(hs256, claimsText().replace(/"exp":\d+/, '"exp":NaN')),
    "an end that is infinite": raw(hs256, claimsText().replace(/"exp":\d+/, '"exp":1e999')),
    "an end in milliseconds": says({ exp: now * 1_000_000 }),
    "no end": lacks("exp"),
    "not before tomorrow": says({ nbf: now + 86_400 }),
    "not before a minute": says({ nbf: now + 60 }),
    "not before a text": says({ nbf: "0" }),
    "issued tomorrow": says({ iat: now + 86_400 }),
    "issued at a text": says({ iat: "yesterday" }),
    "issued before all time": says({ iat: -1 }),
    "no subject": lacks("sub"),
    "an empty subject": says({ sub: "" }),
    "a subject as a number": says({ sub: 1 }),
    "subjects in a list": says({ sub: ["ada"] }),
    "a subject as an object": says({ sub: { toString: "ada" } }),
    "a subject that is too long": says({ sub: "a".repeat(256) }),
    "roles as an object": says({ roles: { member: true } }),
    "roles that are no texts": says({ roles: ["member", { admin: true }] }),
    "roles of __proto__": raw(hs256, claimsText().replace("{", '{"__proto__":{"roles":["operator"]},')),
    "roles of __proto__, deeper": raw(hs256, claimsText().replace("{", '{"realm":{"__proto__":{"roles":["x"]}},')),
    "roles of __proto__, escaped": raw(
      hs256,
      claimsText().replace("{", String.raw`{"_\u005fproto__":{"roles":["x"]},`),
    ),
    "two subjects": raw(hs256, claimsText().replace("{", '{"sub":"bob",')),
    "two ends": raw(hs256, claimsText().replace("{", '{"exp":1,')),
    "two subjects, one of them escaped": raw(hs256, claimsText().replace("{", String.raw`{"\u0073ub":"bob",`)),
    "two algorithms": raw('{"alg":"none","alg":"HS256"}', claims()),
    "two names of a key": raw('{"alg":"HS256","kid":"a","kid":"b"}', claims()),
    "an extension that has to be understood": heads({ crit: ["exp"], exp: 1 }),
    "an unknown extension": heads({ crit: ["http://example.com/UNDEFINED"], "http://example.com/UNDEFINED": true }),
    "an empty list of extensions": heads({ crit: [] }),
    "a payload that is not encoded": heads({ crit: ["b64"], b64: false }),
    "b64 without crit": heads({ b64: false }),
    "a type for logging out": heads({ typ: "logout+jwt" }),
    "a type for proofs": heads({ typ: "dpop+jwt" }),
    "a type that is no text": heads({ typ: ["JWT"] }),
    "a token in the token": tokenOf({ ...hs256, cty: "JWT" }, says({}), signers.hs),
    "encryption in the header": heads({ enc: "A128GCM" }),
    "compression in the header": heads({ zip: "DEF" }),
  };
}

function shapes(): Record<string, string> {
  const valid = says({});
  const [header = "", payload = "", signature = ""] = valid.split(".");
  const changed = encoded({ ...claims(), sub: "bob" });
  const lastOf = (text: string): string =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".charAt(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".indexOf(text.slice(-1)) | 1,
    );
  return {
    nothing: "",
    "one dot": ".",
    "two dots": "..",
    "a header alone": header,
    "no signature": `${header}.${payload}`,
    "an empty signature": `${header}.${payload}.`,
    "an empty payload": `${header}..${signature}`,
    "an empty header": `.${payload}.${signature}`,
    "a fourth part": `${valid}.${signature}`,
    "an empty fourth part": `${valid}.`,
    "an encrypted token": `${encoded({ alg: "dir", enc: "A128GCM" })}..AAAAAAAAAAAAAAAA.${payload}.AAAAAAAAAAAAAAAAAAAAAA`,
    "an encrypted token for our public key": `${encoded({ alg: "RSA-OAEP", enc: "A256GCM", kid: kids.published })}.AA.AA.AA.AA`,
    "a token as JSON": JSON.stringify({ protected: header, payload, signature }),
    "another payload under the signature": `${header}.${changed}.${signature}`,
    "another header above the signature": `${encoded({ alg: "HS256" })}.${payload}.${signature}`,
    "another token's signature": `${header}.${payload}.${says({ sub: "bob" }).split(".")[2]}`,
    "a signature without its last character": valid.slice(0, -1),
    "half a signature": `${header}.${payload}.${signature.slice(0, 20)}`,
    "one bit of the signature": `${header}.${payload}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`,
    "a signature that ends in other bits": `${valid.slice(0, -1)}${lastOf(valid)}`,
    padding: `${valid}=`,
    "the alphabet of plain base64": `${header}.${payload}.${signature.slice(0, -4)}+/+/`,
    "a blank inside": `${header}. ${payload}.${signature}`,
    "a line break inside": `${header}.${payload.slice(0, 4)}\n${payload.slice(4)}.${signature}`,
    "a comma inside": `${header}.${payload},.${signature}`,
    "percent signs": valid.replaceAll(".", "%2E"),
    "quotes around": `"${valid}"`,
    "its scheme twice": `Bearer ${valid}`,
    "letters of no alphabet": `${header}.${payload}.ä${signature}`,
    "a NUL": `${header}.${payload}.${signature}\u0000`,
    "a payload that is no JSON": raw(hs256, "ada"),
    "a payload that is a list": raw(hs256, JSON.stringify([claims()])),
    "a payload that is a text": raw(hs256, JSON.stringify("ada")),
    "a payload that is null": raw(hs256, "null"),
    "a payload that is no UTF-8": raw(hs256, Buffer.from(claimsText().replace("ada", "\u00ff"), "latin1")),
    "a payload with a byte order mark": raw(hs256, `\ufeff${claimsText()}`),
    "a payload in two documents": raw(hs256, `${claimsText()}{}`),
    "a header that is a list": raw(JSON.stringify([hs256]), claims()),
    "a header that is a text": raw('"HS256"', claims()),
    "a token that is too long": says({ more: "x".repeat(8_000) }),
    "a token as long as a request may be": says({ more: "x".repeat(11_000) }),
    "a payload that is very deep": raw(hs256, `{"a":${"[".repeat(2_000)}${"]".repeat(2_000)}}`),
  };
}

/** All of them, by what is wrong with each. `sink` is the address that some of them name. */
export function forgedTokens(sink: string): Record<string, string> {
  return { ...algorithms(), ...publicKeyAsSecret(), ...otherKeys(sink), ...statements(), ...shapes() };
}
