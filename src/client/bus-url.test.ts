import { expect, it } from "vitest";
import { busUrl } from "./bus-url.js";

it.each([
  ["wss://example.org/bus", undefined, "wss://example.org/bus"],
  ["https://example.org/bus?a=1#top", undefined, "wss://example.org/bus?a=1"],
  ["http://localhost:8080", undefined, "ws://localhost:8080/"],
  ["/bus", "https://example.org/chat/", "wss://example.org/bus"],
  ["bus", "http://localhost:8080/chat/", "ws://localhost:8080/chat/bus"],
])("%s on the page %s is %s", (url, base, expected) => {
  expect(busUrl(url, base)).toBe(expected);
});

it.each(["", "/bus", "example.org", "ftp://example.org", "file:///bus", "wss://"])(
  "%j is no server's address",
  (url) => {
    expect(() => busUrl(url)).toThrow(expect.objectContaining({ code: "connection/invalid-url" }));
  },
);

it.each(["ftp://ada:secret@example.org/bus?token=secret#secret", "wss://ada:secret@exa mple/", ""])(
  "the error about %j quotes no secret",
  (url) => {
    expect(() => busUrl(url)).toThrow(expect.objectContaining({ message: "not the address of a server" }));
    expect(() => busUrl(url)).not.toThrow(expect.objectContaining({ cause: expect.anything() }));
  },
);
