import type { AuthenticationRequest, Credentials } from "../auth/authenticator.js";
import { credentialsOf } from "../auth/authorization-header.js";
import type { HeaderMap } from "../protocol/header-map.js";
import { offeredToken } from "../wire/subprotocol.js";
import { parseCookies } from "./cookies.js";

/** The request that a socket began with. What is rarely asked for is read when it is asked for. */
export class HandshakeRequest {
  /** The request target as it came: path and query. */
  readonly url: string;
  /** Header values by name, in any case. */
  readonly headers: HeaderMap;
  /** The peer's address, or `local` for a Unix socket. */
  readonly remoteAddress: string;

  constructor(url: string, headers: HeaderMap, remoteAddress: string) {
    this.url = url;
    this.headers = headers;
    this.remoteAddress = remoteAddress;
  }

  get path(): string {
    const queryAt = this.url.indexOf("?");
    return queryAt === -1 ? this.url : this.url.slice(0, queryAt);
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.url.slice(this.path.length));
  }

  get cookies(): ReadonlyMap<string, string> {
    return parseCookies(this.headers.get("cookie"));
  }

  /** What authenticators see of it. */
  toAuthenticate(): AuthenticationRequest {
    const { cookies, headers, path, remoteAddress, url } = this;
    return { url, path, headers, cookies, remoteAddress, credentials: credentialsIn(headers) };
  }
}

/** What the `Authorization` header says; where there is none, the token that is offered as a subprotocol. */
function credentialsIn(headers: HeaderMap): Credentials | undefined {
  const authorization = headers.get("authorization");
  if (authorization !== undefined) return credentialsOf(authorization);
  const token = offeredToken(headers.get("sec-websocket-protocol"));
  return token === undefined ? undefined : { scheme: "bearer", token };
}
