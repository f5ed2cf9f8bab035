import { clientError } from "./errors.js";

/**
 * The address to open a WebSocket to.
 *
 * @param url `ws:`, `wss:`, `http:` or `https:`; relative to `base` where there is one, such as a page's address.
 * @throws BusbarError `connection/invalid-url`
 */
export function busUrl(url: string, base?: string): string {
  const parsed = parse(url, base);
  if (parsed !== undefined) {
    // RFC 6455, 3: no fragment.
    parsed.hash = "";
    parsed.protocol = parsed.protocol.replace("http", "ws");
    if (/^wss?:$/.test(parsed.protocol)) return parsed.href;
  }
  throw clientError("connection/invalid-url", { message: `"${shown(url)}" is not the address of a server` });
}

/** The platform's own error would quote the address. */
function parse(url: string, base: string | undefined): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/** An address as it may be said again: without user, password, query and fragment, which may be secrets. */
function shown(url: string): string {
  const [place = ""] = url.split(/[?#]/, 1);
  return place.slice(place.lastIndexOf("@") + 1);
}
