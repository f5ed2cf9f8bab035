import { clientError } from "./errors.js";

/**
 * The address to open a WebSocket to.
 *
 * @param url `ws:`, `wss:`, `http:` or `https:`; relative to `base` where there is one, such as a page's address.
 * @throws BusbarError `connection/invalid-url`
 */
export function busUrl(url: string, base?: string): string {
  try {
    const parsed = new URL(url, base);
    // RFC 6455, 3: no fragment.
    parsed.hash = "";
    parsed.protocol = parsed.protocol.replace("http", "ws");
    if (/^wss?:$/.test(parsed.protocol)) return parsed.href;
  } catch {
    // The platform's own error would quote the address, in which there can be secrets.
  }
  throw clientError("connection/invalid-url");
}
