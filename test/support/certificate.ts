/** A certificate for `localhost` that signs itself, made anew by each test run (RFC 5280, 4.1). */
import { createPrivateKey, createSign, generateKeyPairSync, X509Certificate } from "node:crypto";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;

/** One element of DER: tag, length, content. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const oid = (hex: string): Buffer => der(0x06, bytes(hex));
const text = (value: string): Buffer => der(0x0c, Buffer.from(value));
const utcTime = (value: string): Buffer => der(0x17, Buffer.from(value));

const ecdsaWithSha256 = der(SEQUENCE, oid("2a8648ce3d040302"));
const commonName = der(SEQUENCE, der(SET, der(SEQUENCE, oid("550403"), text("localhost"))));
/** Two names: `localhost` (DNS) and 127.0.0.1 (address). */
const altNames = der(SEQUENCE, der(0x82, Buffer.from("localhost")), der(0x87, bytes("7f000001")));
const basicConstraints = der(SEQUENCE, der(0x01, bytes("ff")));

export function selfSigned(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "der" },
  });
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, bytes("02"))),
    der(0x02, bytes("01")),
    ecdsaWithSha256,
    commonName,
    der(SEQUENCE, utcTime("200101000000Z"), utcTime("491231235959Z")),
    commonName,
    publicKey,
    der(
      0xa3,
      der(
        SEQUENCE,
        der(SEQUENCE, oid("551d11"), der(0x04, altNames)),
        der(SEQUENCE, oid("551d13"), der(0x04, basicConstraints)),
      ),
    ),
  );
  const signature = createSign("sha256").update(body).sign(createPrivateKey(privateKey));
  const certificate = new X509Certificate(
    der(SEQUENCE, body, ecdsaWithSha256, der(0x03, Buffer.concat([bytes("00"), signature]))),
  );
  return { key: privateKey, cert: certificate.toString() };
}
