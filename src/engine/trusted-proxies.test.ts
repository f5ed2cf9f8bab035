import { describe, expect, it } from "vitest";
import { HeaderMap } from "../protocol/header-map.js";
import { TrustedProxies } from "./trusted-proxies.js";

const proxies = new TrustedProxies(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "local"]);

const peerOf = (address: string, headers: Readonly<Record<string, string | readonly string[]>>, isSecure = false) => {
  const raw = Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  return proxies.peerOf({ address, isSecure }, new HeaderMap(raw));
};
const from = (address: string, ...forwarded: string[]): string =>
  peerOf(address, forwarded.length === 0 ? {} : { "x-forwarded-for": forwarded }).address;

describe("where a request came from", () => {
  it.each<[string, string, string[], string]>([
    ["a stranger who says nothing", "203.0.113.9", [], "203.0.113.9"],
    ["a stranger who lies", "203.0.113.9", ["198.51.100.1"], "203.0.113.9"],
    ["a stranger who calls itself a proxy", "203.0.113.9", ["10.0.0.1"], "203.0.113.9"],
    ["a stranger next to a range", "11.0.0.1", ["198.51.100.1"], "11.0.0.1"],
    ["a stranger next to an address", "192.0.2.8", ["198.51.100.1"], "192.0.2.8"],
    ["a stranger over IPv6", "2001:db9::1", ["198.51.100.1"], "2001:db9::1"],
    ["a proxy that says nothing", "10.0.0.1", [], "10.0.0.1"],
    ["a client behind a proxy", "10.0.0.1", ["198.51.100.1"], "198.51.100.1"],
    ["a client behind a proxy with one address", "192.0.2.7", ["198.51.100.1"], "198.51.100.1"],
    ["a client behind a proxy on a Unix socket", "local", ["198.51.100.1"], "198.51.100.1"],
    ["a client behind a proxy over IPv6", "2001:db8:1::2", ["198.51.100.1"], "198.51.100.1"],
    ["a client behind a proxy whose address is mapped", "::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"],
    ["a client behind two proxies", "10.0.0.1", ["198.51.100.1, 10.9.9.9"], "198.51.100.1"],
    ["a client behind two, in two headers", "10.0.0.1", ["198.51.100.1", "10.9.9.9"], "198.51.100.1"],
    ["a client who lies to a proxy", "10.0.0.1", ["127.0.0.1, 198.51.100.1"], "198.51.100.1"],
    ["a client who calls itself a proxy to one", "10.0.0.1", ["10.1.1.1, 198.51.100.1, 10.2.2.2"], "198.51.100.1"],
    ["a client who lies in a header of its own", "10.0.0.1", ["127.0.0.1", "198.51.100.1"], "198.51.100.1"],
    ["a client within the trusted range", "10.0.0.1", ["10.3.3.3"], "10.3.3.3"],
    ["a client with a port", "10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"],
    ["a client over IPv6", "10.0.0.1", ["2001:db9::5"], "2001:db9::5"],
    ["a client over IPv6 with a port", "10.0.0.1", ["[2001:db9::5]:4711"], "2001:db9::5"],
    ["a client whose address is mapped", "10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"],
    ["a proxy that hides its client", "10.0.0.1", ["unknown"], "10.0.0.1"],
    ["what is no address behind what is one", "10.0.0.1", ["198.51.100.1, <script>"], "10.0.0.1"],
    ["what is no address before what is one", "10.0.0.1", ["<script>, 198.51.100.1"], "198.51.100.1"],
    ["an empty header", "10.0.0.1", [""], "10.0.0.1"],
    ["commas alone", "10.0.0.1", [",,,"], "10.0.0.1"],
    ["an address with too many numbers", "10.0.0.1", ["1.2.3.4.5"], "10.0.0.1"],
    ["a number that is too large", "10.0.0.1", ["1.2.3.256"], "10.0.0.1"],
    ["very many addresses", "10.0.0.1", [`${"1.1.1.1, ".repeat(1_000)}198.51.100.1`], "198.51.100.1"],
  ])("%s", (_title, address, forwarded, expected) => {
    expect(from(address, ...forwarded)).toBe(expected);
  });

  it.each<[string, string | readonly string[] | undefined, boolean, boolean]>([
    ["https", "https", false, true],
    ["wss, in capitals", "WSS", false, true],
    ["http over an encrypted connection", "http", true, false],
    ["what the last proxy says", ["https", "http"], true, false],
    ["nothing", undefined, true, true],
    ["nonsense", "gopher", true, false],
  ])("and whether it was encrypted there: %s", (_title, scheme, isSecure, expected) => {
    const headers = scheme === undefined ? {} : { "x-forwarded-proto": scheme };
    expect(peerOf("10.0.0.1", headers, isSecure).isSecure).toBe(expected);
    expect(peerOf("203.0.113.9", headers, isSecure).isSecure).toBe(isSecure);
  });

  it.each(["10.0.0.0/33", "::1/129", "example.org", "", "10.0.0", "10.0.0.0/", "10.0.0.0/8/8", "*"])(
    "is not asked of %o",
    (address) => {
      expect(() => new TrustedProxies([address])).toThrow(expect.objectContaining({ code: "options/invalid" }));
    },
  );
});
