import { acceptKey } from "./accept-key.js";
import {
  checkDeflateAnswer,
  formatDeflateOffer,
  type DeflateParameters,
  type DeflateWishes,
} from "./deflate-negotiation.js";
import { HandshakeError } from "./errors.js";
import { hasToken, parseExtensions } from "./header-list.js";
import type { HeaderMap } from "./header-map.js";
import type { ResponseHead } from "./http-head.js";
import { encodeHead } from "./server-handshake.js";

/** The parts of a `ws:` or `wss:` URL (RFC 6455, 3). */
export interface WebSocketUrl {
  readonly isSecure: boolean;
  /** Without brackets around an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** The `Host` header: host, and the port where it is not the default one. */
  readonly authority: string;
  /** Path and query. */
  readonly target: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

/** @throws HandshakeError `handshake/url`. */
export function parseWebSocketUrl(text: string): WebSocketUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWebSocket = url?.protocol === "ws:" || url?.protocol === "wss:";
  if (url === undefined || !isWebSocket || text.includes("#")) throw new HandshakeError("handshake/url");
  const isSecure = url.protocol === "wss:";
  const hasCredentials = url.username !== "" || url.password !== "";
  return {
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
    authority: url.host,
    target: url.pathname + url.search,
    credentials: hasCredentials ? { username: decode(url.username), password: decode(url.password) } : undefined,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HandshakeError("handshake/url", { detail: "user or password is not percent-encoded UTF-8" });
  }
}

/** What a client asks for. */
export interface UpgradeOffer {
  readonly url: WebSocketUrl;
  /** 16 random bytes, as base64. */
  readonly key: string;
  readonly protocols: readonly string[];
  /** What permessage-deflate is offered with; undefined: it is not. */
  readonly deflate: DeflateWishes | undefined;
  readonly headers: readonly (readonly [string, string])[];
}

/**
 * The bytes of a client's request (RFC 6455, 4.1).
 *
 * @throws HandshakeError `handshake/header` for a header that cannot be sent.
 */
export function upgradeRequest({ deflate, headers, key, protocols, url }: UpgradeOffer): Uint8Array {
  return encodeHead(`GET ${url.target} HTTP/1.1`, [
    ["Host", url.authority],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", key],
    ["Sec-WebSocket-Version", "13"],
    ...(protocols.length === 0 ? [] : ([["Sec-WebSocket-Protocol", protocols.join(", ")]] as const)),
    ...(deflate === undefined ? [] : ([["Sec-WebSocket-Extensions", formatDeflateOffer(deflate)]] as const)),
    ...headers,
  ]);
}

/** What was agreed on. */
export interface UpgradeResult {
  readonly protocol: string | undefined;
  readonly deflate: DeflateParameters | undefined;
}

/**
 * Check the server's answer to our request (RFC 6455, 4.1).
 *
 * @throws HandshakeError `handshake/response-…`; for a refusal with the server's status.
 */
export function checkUpgradeResponse({ headers, reason, status }: ResponseHead, offer: UpgradeOffer): UpgradeResult {
  if (status !== 101) throw new HandshakeError("handshake/response-refused", { detail: `${status} ${reason}`, status });
  if (!hasToken(headers.get("upgrade"), "websocket") || !hasToken(headers.get("connection"), "upgrade")) {
    throw new HandshakeError("handshake/response-upgrade");
  }
  if (headers.get("sec-websocket-accept") !== acceptKey(offer.key))
    throw new HandshakeError("handshake/response-accept");
  const protocol = headers.get("sec-websocket-protocol");
  if (protocol !== undefined && !offer.protocols.includes(protocol)) {
    throw new HandshakeError("handshake/response-protocol", { detail: protocol });
  }
  return { protocol, deflate: checkExtensions(headers, offer.deflate) };
}

function checkExtensions(headers: HeaderMap, wishes: DeflateWishes | undefined): DeflateParameters | undefined {
  const value = headers.get("sec-websocket-extensions");
  if (value === undefined) return undefined;
  const [answer, ...more] = parseExtensions(value) ?? [];
  const deflate = answer && wishes && checkDeflateAnswer(answer, wishes);
  if (deflate === undefined || more.length > 0)
    throw new HandshakeError("handshake/response-extensions", { detail: value });
  return deflate;
}
