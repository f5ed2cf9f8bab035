import { clientError } from "./errors.js";

/**
 * The address to open a WebSocket to.
 *
 * @param url `ws:`, `wss:`, `http:` or `https:`; relative to `base` where there is one, such as a page's address.
 * @throws BusbarError `connection/invalid-url`
 */
export function busUrl(url: string, base?: string): string {
  const parsed = parse(url, base);
  // RFC 6455, 3: no fragment.
  parsed.hash = "";
  parsed.protocol = parsed.protocol.replace("http", "ws");
  if (parsed.protocol === "ws:" || parsed.protocol === "wss:") return parsed.href;
  throw clientError("connection/invalid-url", { message: `a server's address begins with ws: or wss:, not "${url}"` });
}

function parse(url: string, base: string | undefined): URL {
  try {
    return new URL(url, base);
  } catch (cause) {
    throw clientError("connection/invalid-url", { message: `"${url}" is no address`, cause });
  }
}
