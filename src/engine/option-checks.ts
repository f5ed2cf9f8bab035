import { requireOriginCheck } from "../auth/cookie.js";
import { BusbarError } from "../kernel/errors.js";
import { isToken } from "../protocol/header-syntax.js";
import type { ConnectOptions, ServerOptions, SocketOptions } from "./options.js";

/** @throws BusbarError `options/invalid`, which names the option, or `auth/any-origin`. */
export function checkServerOptions(options: ServerOptions): void {
  checkSocketOptions(options);
  checkSubprotocols(options.subprotocols);
  const { authenticate = [], origins = "same", path = "/" } = options;
  requireOriginCheck([authenticate].flat(), origins);
  check(path.startsWith("/") && !/[?#\s]/.test(path), "path", "begins with / and has no query");
  if (typeof origins === "string")
    return check(origins === "same" || origins === "any", "origins", 'is "same" or "any"');
  for (const origin of origins) {
    check(isOrigin(origin), "origins", `has ${JSON.stringify(origin)}, which no browser sends: ${originHint(origin)}`);
  }
}

/** @throws BusbarError `options/invalid`, which names the option. */
export function checkConnectOptions(options: ConnectOptions): void {
  checkSocketOptions(options);
  checkSubprotocols(options.subprotocols);
}

function checkSocketOptions({ compression = false, keepalive = {}, limits = {} }: SocketOptions): void {
  for (const [name, value] of Object.entries(limits)) check(value > 0, `limits.${name}`, "is a number above 0");
  if (typeof compression === "object") {
    const { fromBytes = 0, level = 1 } = compression;
    check(Number.isInteger(level) && level >= 1 && level <= 9, "compression.level", "is a whole number from 1 to 9");
    check(fromBytes >= 0, "compression.fromBytes", "is a number of bytes");
  }
  if (keepalive === false) return;
  const { idleMs = 1, timeoutMs = 1 } = keepalive;
  check(idleMs > 0, "keepalive.idleMs", "is above 0; `keepalive: false` turns it off");
  check(timeoutMs > 0, "keepalive.timeoutMs", "is above 0");
}

/** RFC 6455, 4.1: tokens, each once. */
function checkSubprotocols(subprotocols: readonly string[] = []): void {
  check(subprotocols.every(isToken), "subprotocols", "are names without blanks, commas and the like");
  check(new Set(subprotocols).size === subprotocols.length, "subprotocols", "are named once each");
}

/** As RFC 6454, 6.2, writes them: in lower case, without a path, without the scheme's own port. */
function isOrigin(text: string): boolean {
  if (text === "null") return true;
  if (/^https?:/.test(text)) return URL.canParse(text) && new URL(text).origin === text;
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\sA-Z]+$/.test(text);
}

function originHint(text: string): string {
  const isWebPage = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  return isWebPage ? `write ${JSON.stringify(new URL(text).origin)}` : 'write it like "https://example.org"';
}

function check(isRight: boolean, option: string, rule: string): void {
  if (!isRight) throw new BusbarError("options/invalid", `the option ${option} ${rule}`);
}
