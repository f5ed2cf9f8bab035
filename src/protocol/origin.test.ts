import { describe, expect, it } from "vitest";
import { isOriginAllowed, type AllowedOrigins } from "./origin.js";

const plain = { host: "example.org", isSecure: false } as const;
const secure = { host: "example.org", isSecure: true } as const;

describe("the server's own origin", () => {
  it.each([
    ["http://example.org", plain],
    ["https://example.org", secure],
    ["http://example.org", { ...plain, host: "example.org:80" }],
    ["https://example.org", { ...secure, host: "example.org:443" }],
    ["http://example.org:443", { ...plain, host: "example.org:443" }],
    ["https://example.org:80", { ...secure, host: "example.org:80" }],
    ["http://example.org:8080", { ...plain, host: "example.org:8080" }],
    ["http://example.org", { ...plain, host: "Example.ORG" }],
    ["http://[::1]:8080", { ...plain, host: "[::1]:8080" }],
    ["http://[::1]", { ...plain, host: "[::1]:80" }],
  ])("%s may connect to %o", (origin, to) => {
    expect(isOriginAllowed({ ...to, origins: [origin], allowed: "same" })).toBe(true);
  });

  it.each([
    "",
    "null",
    "http://example.org.",
    "http://example.org/",
    "http://example.org:80",
    "http://example.org:8080",
    "https://example.org",
    "ws://example.org",
    "HTTP://example.org",
    "http://Example.org",
    "http://evil.example",
    "http://example.org.evil.example",
    "http://evil-example.org",
    "http://sub.example.org",
    "http://user@example.org",
    "http://ex\u0430mple.org",
    "http://xn--exmple-4nf.org",
    "example.org",
    "//example.org",
  ])("is not %j", (origin) => {
    expect(isOriginAllowed({ ...plain, origins: [origin], allowed: "same" })).toBe(false);
  });

  it("is not another port of the same host", () => {
    expect(
      isOriginAllowed({ ...plain, host: "example.org:8080", origins: ["http://example.org"], allowed: "same" }),
    ).toBe(false);
    expect(
      isOriginAllowed({ ...plain, host: "example.org:8080", origins: ["http://example.org:80"], allowed: "same" }),
    ).toBe(false);
  });

  it("is not told by two headers, even if they say the same", () => {
    expect(isOriginAllowed({ ...plain, origins: ["http://example.org", "http://example.org"], allowed: "same" })).toBe(
      false,
    );
  });
});

describe("a list of origins", () => {
  const allowed = ["https://a.example", "http://b.example:8080"];

  it("allows those on it, to the letter, and not the server's own", () => {
    const isAllowed = (origin: string): boolean => isOriginAllowed({ ...secure, origins: [origin], allowed });
    expect(allowed.map(isAllowed)).toEqual([true, true]);
    const others = ["https://example.org", "http://a.example", "https://a.example:443", "https://A.example", "null"];
    expect(others.map(isAllowed)).toEqual([false, false, false, false, false]);
  });

  it("allows nobody whose header comes twice", () => {
    expect(isOriginAllowed({ ...secure, origins: ["https://a.example", "https://evil.example"], allowed })).toBe(false);
  });

  it("that is empty allows no page", () => {
    expect(isOriginAllowed({ ...secure, origins: ["https://example.org"], allowed: [] })).toBe(false);
  });
});

describe("every origin", () => {
  it("may connect where any is allowed", () => {
    for (const origin of ["https://evil.example", "null", ""]) {
      expect(isOriginAllowed({ ...plain, origins: [origin], allowed: "any" })).toBe(true);
    }
  });
});

describe("a program that sends no origin", () => {
  it.each<AllowedOrigins>(["same", "any", [], ["https://a.example"]])("may connect where %j are allowed", (allowed) => {
    expect(isOriginAllowed({ ...plain, origins: [], allowed })).toBe(true);
  });
});
