import { BlockList, isIP, isIPv4 } from "node:net";
import { BusbarError } from "../kernel/errors.js";
import type { HeaderMap } from "../protocol/header-map.js";
import type { Peer } from "./gate.js";

/** What connections over a Unix socket are called. */
const LOCAL = "local";

/**
 * Proxies whose word is taken for where a request came from.
 *
 * `X-Forwarded-For` is read from its end: each proxy writes behind what it was sent, so that the last address which is no
 * trusted proxy's is the client's, and whatever stands before it is only what the client said.
 */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #isLocalTrusted: boolean;

  /**
   * @param addresses IPv4 and IPv6 addresses, ranges such as `10.0.0.0/8`, and `local` for a Unix socket
   * @throws BusbarError `options/invalid`
   */
  constructor(addresses: readonly string[]) {
    this.#isLocalTrusted = addresses.includes(LOCAL);
    for (const address of addresses) if (address !== LOCAL) this.#add(address);
  }

  has(address: string): boolean {
    if (address === LOCAL) return this.#isLocalTrusted;
    const plain = unmapped(address);
    return this.#list.check(plain, isIPv4(plain) ? "ipv4" : "ipv6");
  }

  /** Where a request came from that came over this connection. What is no address is not believed. */
  peerOf({ address, isSecure }: Peer, headers: HeaderMap): Peer {
    if (!this.has(address)) return { address, isSecure };
    const scheme = listOf(headers, "x-forwarded-proto").at(-1)?.toLowerCase();
    const isSecureThere = scheme === undefined ? isSecure : scheme === "https" || scheme === "wss";
    let client = address;
    for (const entry of listOf(headers, "x-forwarded-for").toReversed()) {
      const said = addressIn(entry);
      if (said === undefined) break;
      client = said;
      if (!this.has(said)) break;
    }
    return { address: client, isSecure: isSecureThere };
  }

  #add(address: string): void {
    const [, base = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(address) ?? [];
    const version = isIP(base);
    const most = version === 4 ? 32 : 128;
    if (version === 0 || Number(bits ?? most) > most) {
      const text = `the option trustProxy takes addresses, ranges such as "10.0.0.0/8", and "local", and not "${address}"`;
      throw new BusbarError("options/invalid", text);
    }
    this.#list.addSubnet(base, Number(bits ?? most), version === 4 ? "ipv4" : "ipv6");
  }
}

function listOf(headers: HeaderMap, name: string): readonly string[] {
  return headers
    .getAll(name)
    .flatMap((value) => value.split(","))
    .map((entry) => entry.trim());
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`. */
function addressIn(entry: string): string | undefined {
  const [, bracketed, plain = entry] = /^(?:\[([^\]]*)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)$/.exec(entry) ?? [];
  const address = bracketed ?? plain;
  return isIP(address) === 0 ? undefined : unmapped(address);
}

/** An IPv4 address as such, where it was written as an IPv6 one (RFC 4291, 2.5.5.2). */
function unmapped(address: string): string {
  const [, inner] = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address) ?? [];
  return inner ?? address;
}
