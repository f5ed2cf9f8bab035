import type { Credentials } from "../auth/authenticator.js";
import { credentialsOf } from "../auth/authorization-header.js";
import type { HeaderMap } from "../protocol/header-map.js";
import { parseCookies } from "./cookies.js";

/** The request that a socket began with. */
export interface HandshakeRequest {
  /** The request target as it came: path and query. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Header values by name, in any case; a `Map` below, so that no name is special. */
  readonly headers: HeaderMap;
  readonly cookies: ReadonlyMap<string, string>;
  /** The peer's address, or `local` for a Unix socket. */
  readonly remoteAddress: string;
}

export function handshakeRequest(url: string, headers: HeaderMap, remoteAddress: string): HandshakeRequest {
  const queryAt = url.indexOf("?");
  return {
    url,
    path: queryAt === -1 ? url : url.slice(0, queryAt),
    query: new URLSearchParams(queryAt === -1 ? "" : url.slice(queryAt + 1)),
    headers,
    cookies: parseCookies(headers.get("cookie")),
    remoteAddress,
  };
}

/** Who the request says it comes from. */
export function credentialsIn(request: HandshakeRequest): Credentials | undefined {
  return credentialsOf(request.headers.get("authorization"));
}
