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
import { addedHeaders, encodeHead, type HeaderList } from "./http-head-writer.js";

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
  return {
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
    authority: url.host,
    target: url.pathname + url.search,
    credentials: credentialsOf(url),
  };
}

function credentialsOf(url: URL): WebSocketUrl["credentials"] {
  if (url.username === "" && url.password === "") return undefined;
  const username = decode(url.username);
  // RFC 7617, 2: the password begins behind the first colon; neither has control characters.
  if (username.includes(":")) throw new HandshakeError("handshake/url", { detail: "a user's name has no colon" });
  const password = decode(url.password);
  if (/\p{Cc}/u.test(username + password)) {
    throw new HandshakeError("handshake/url", { detail: "user and password have no control characters" });
  }
  return { username, password };
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
  /** Different tokens, in the order of preference. */
  readonly protocols: readonly string[];
  /** What permessage-deflate is offered with; undefined: it is not. */
  readonly deflate: DeflateWishes | undefined;
  /** More headers, such as cookies. */
  readonly headers: HeaderList;
}

/**
 * The bytes of a client's request (RFC 6455, 4.1).
 *
 * @throws HandshakeError `handshake/header` for a header that cannot be sent or that the handshake writes itself.
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
    ...addedHeaders(headers),
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
export function checkUpgradeResponse(response: ResponseHead, offer: UpgradeOffer): UpgradeResult {
  const { headers, httpVersion, reason, status } = response;
  if (status !== 101) throw new HandshakeError("handshake/response-refused", { detail: `${status} ${reason}`, status });
  // The answer names websocket alone, where a request may name others beside it.
  const isWebSocket = httpVersion !== "1.0" && headers.get("upgrade")?.toLowerCase() === "websocket";
  if (!isWebSocket || !hasToken(headers.get("connection"), "upgrade")) {
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
