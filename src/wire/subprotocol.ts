/** The WebSocket subprotocol of these messages; another version would have another name. */
export const subprotocol = "busbar.v1";

/**
 * What a subprotocol begins with that carries a token, for browsers, whose handshakes have no headers of the page's own:
 * `busbar.v1, busbar.token.eyJ…`. It is offered beside `subprotocol`, and never chosen.
 */
export const tokenSubprotocolPrefix = "busbar.token.";

/** The token in a `Sec-WebSocket-Protocol` header; undefined where none is offered. Of several the first counts. */
export function offeredToken(header: string | undefined): string | undefined {
  const offers = header?.split(",").map((name) => name.trim());
  return offers?.find((name) => name.startsWith(tokenSubprotocolPrefix))?.slice(tokenSubprotocolPrefix.length);
}
