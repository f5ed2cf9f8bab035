import { acceptKey } from "./accept-key.js";
import { decodeBase64 } from "./base64.js";
import { formatDeflateAnswer, type DeflateParameters } from "./deflate-negotiation.js";
import { HandshakeError } from "./errors.js";
import { hasToken, parseExtensions, splitList, type Extension } from "./header-list.js";
import { isToken } from "./header-syntax.js";
import type { RequestHead } from "./http-head.js";
import { addedHeaders, encodeHead, type HeaderList } from "./http-head-writer.js";

/** What a request for a WebSocket asks for. */
export interface UpgradeRequest {
  readonly key: string;
  /** Subprotocols in the client's order of preference. */
  readonly protocols: readonly string[];
  readonly extensions: readonly Extension[];
}

/** HTTP/1.1 or higher (RFC 6455, 4.1). */
const HTTP_1_1 = /^1\.[1-9]$/;

/** What names a host, and perhaps a port (RFC 9110, 7.2): no blanks, no user, no path. */
const HOST = /^(?:[A-Za-z0-9\-._~%!$&'()*+,;=]+|\[[0-9A-Za-z:.]+\])(?::[0-9]*)?$/;

/** Origin form (RFC 9112, 3.2.1): printable ASCII, and no fragment. */
const ORIGIN_FORM = /^\/[!"$-~]*$/;

/** What every answer begins with that opens a WebSocket (RFC 6455, 4.2.2). */
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";

/** RFC 9110, 15.5.22: a 426 names what to upgrade to. */
const UPGRADE = { Upgrade: "websocket" };

/**
 * Check the client's side of the opening handshake (RFC 6455, 4.2.1).
 *
 * @throws HandshakeError, whose status and headers the refusal carries.
 */
export function checkUpgradeRequest({ headers, httpVersion, method, target }: RequestHead): UpgradeRequest {
  if (!HTTP_1_1.test(httpVersion)) throw new HandshakeError("handshake/http-version", { detail: httpVersion });
  if (method !== "GET") throw new HandshakeError("handshake/method", { detail: method, headers: { Allow: "GET" } });
  if (!ORIGIN_FORM.test(target)) throw new HandshakeError("handshake/malformed", { detail: "the target is no path" });
  const hosts = headers.getAll("host");
  if (hosts.length !== 1 || !hosts.every((host) => HOST.test(host))) throw new HandshakeError("handshake/host");
  const hasBody = headers.get("transfer-encoding") !== undefined || (headers.get("content-length") ?? "0") !== "0";
  if (hasBody) throw new HandshakeError("handshake/body");
  if (!hasToken(headers.get("upgrade"), "websocket") || !hasToken(headers.get("connection"), "upgrade")) {
    throw new HandshakeError("handshake/not-an-upgrade", { headers: UPGRADE });
  }
  if (headers.get("sec-websocket-version") !== "13") {
    throw new HandshakeError("handshake/version", { headers: { ...UPGRADE, "Sec-WebSocket-Version": "13" } });
  }
  return {
    key: checkKey(headers.getAll("sec-websocket-key")),
    protocols: checkProtocols(headers.get("sec-websocket-protocol")),
    extensions: checkExtensions(headers.get("sec-websocket-extensions")),
  };
}

function checkKey(keys: readonly string[]): string {
  const [key] = keys;
  if (key === undefined || keys.length > 1 || decodeBase64(key)?.length !== 16)
    throw new HandshakeError("handshake/key");
  return key;
}

function checkProtocols(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  const protocols = splitList(value);
  const areTokens = protocols.length > 0 && protocols.every(isToken);
  if (!areTokens || new Set(protocols).size < protocols.length) throw new HandshakeError("handshake/protocols");
  return protocols;
}

function checkExtensions(value: string | undefined): readonly Extension[] {
  if (value === undefined) return [];
  const extensions = parseExtensions(value);
  if (extensions === undefined) throw new HandshakeError("handshake/extensions");
  return extensions;
}

/** The first of the server's subprotocols that the client offered; undefined when there is none. */
export function chooseProtocol(offered: readonly string[], supported: readonly string[]): string | undefined {
  return supported.find((protocol) => offered.includes(protocol));
}

export interface UpgradeAcceptance {
  readonly key: string;
  readonly protocol: string | undefined;
  readonly deflate: DeflateParameters | undefined;
  /** More headers, such as cookies. */
  readonly headers?: HeaderList;
}

/**
 * The bytes of the answer that opens a WebSocket (RFC 6455, 4.2.2).
 *
 * @throws HandshakeError `handshake/header` for a header that cannot be sent or that the handshake writes itself.
 */
export function acceptUpgrade({ deflate, headers = [], key, protocol }: UpgradeAcceptance): Uint8Array {
  return encodeHead(`${SWITCHING}\r\nSec-WebSocket-Accept: ${acceptKey(key)}`, [
    ...(protocol === undefined ? [] : ([["Sec-WebSocket-Protocol", protocol]] as const)),
    ...(deflate === undefined ? [] : ([["Sec-WebSocket-Extensions", formatDeflateAnswer(deflate)]] as const)),
    ...addedHeaders(headers),
  ]);
}

/** The reason phrases of the statuses that a handshake is refused with (RFC 9110, 15). */
const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** The bytes of an answer that refuses: the body says what was wrong, in one line. The connection is to be closed. */
export function refuseUpgrade(error: HandshakeError): Uint8Array {
  const body = `${error.message}\n`;
  return encodeHead(
    `HTTP/1.1 ${error.status} ${reasons[error.status] ?? "Refused"}`,
    [
      ...Object.entries(error.headers),
      // RFC 9110, 7.8: who sends Upgrade names it in Connection.
      ["Connection", "Upgrade" in error.headers ? "close, Upgrade" : "close"],
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Content-Length", String(new TextEncoder().encode(body).length)],
    ],
    body,
  );
}
