import { decodeBase64, encodeBase64 } from "../protocol/base64.js";
import type { ScryptCost } from "./password-ports.js";

/** A password's hash, with what it takes to make it again. */
export interface PasswordHash extends ScryptCost {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** The most that checking a hash may cost: 64 MiB, and as much work as 2^20 rounds of r = 1. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
const WORK_MAX = 2 ** 20;

/** 128 bits (RFC 7914, 2 leaves it open; NIST SP 800-132 asks for so many). */
const SALT_BYTES_MIN = 16;
const HASH_BYTES_MIN = 32;
const BYTES_MAX = 64;

const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{1,100})\$([A-Za-z0-9+/]{1,100})$/;

/** Write a hash as other programs do: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, in base64 without padding. */
export function formatPasswordHash({ hash, ln, p, r, salt }: PasswordHash): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`;
}

/** Read such a text; undefined for any other, and where salt or hash are too short, or checking it would cost too much. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, ln, r, p, saltText = "", hashText = ""] = form.exec(text) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const [salt, hash] = [bytesOf(saltText), bytesOf(hashText)];
  if (salt === undefined || hash === undefined || !isAffordable(cost)) return undefined;
  const isLongEnough = salt.length >= SALT_BYTES_MIN && hash.length >= HASH_BYTES_MIN;
  return isLongEnough && Math.max(salt.length, hash.length) <= BYTES_MAX ? { ...cost, salt, hash } : undefined;
}

function isAffordable({ ln, p, r }: ScryptCost): boolean {
  // RFC 7914, 2: N is greater than 1.
  const isWhole = ln >= 1 && r >= 1 && p >= 1;
  return isWhole && 128 * r * 2 ** ln <= MEMORY_BYTES_MAX && r * p * 2 ** ln <= WORK_MAX;
}

function base64(bytes: Uint8Array): string {
  return encodeBase64(bytes).replace(/=+$/, "");
}

function bytesOf(text: string): Uint8Array | undefined {
  return decodeBase64(text.padEnd(Math.ceil(text.length / 4) * 4, "="));
}
