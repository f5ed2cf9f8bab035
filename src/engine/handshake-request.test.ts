import { describe, expect, it } from "vitest";
import { HeaderMap } from "../protocol/header-map.js";
import { HandshakeRequest } from "./handshake-request.js";

function request(url: string, headers: readonly string[] = []): HandshakeRequest {
  return new HandshakeRequest(url, new HeaderMap(headers), "192.0.2.1");
}

describe("the request that a socket began with", () => {
  it.each([
    ["/", "/", ""],
    ["/chat?room=a&room=b", "/chat", "room=a&room=b"],
    ["/chat?", "/chat", ""],
    ["/a?b?c=d", "/a", "b%3Fc=d"],
  ])("%s has the path %s and the query %s", (url, path, query) => {
    expect(request(url).path).toBe(path);
    expect(request(url).query.toString()).toBe(query);
  });

  it.each(["/?%", "/?%E0%A4%A", "/?a=%ff&=&&==", "/?__proto__=1"])(
    "reads the bad query of %s without an error",
    (url) => {
      expect(() => [...request(url).query]).not.toThrow();
    },
  );

  it("has headers and cookies", () => {
    const one = request("/", ["X-Name", "Ada", "Cookie", "session=abc; theme=dark"]);
    expect(one.headers.get("x-name")).toBe("Ada");
    expect(one.cookies.get("session")).toBe("abc");
    expect(one.remoteAddress).toBe("192.0.2.1");
  });

  it("shows authenticators all of it, and the credentials of its Authorization header", () => {
    const one = request("/a?b", ["Authorization", "Bearer abc", "Cookie", "c=d"]);
    expect(one.toAuthenticate()).toMatchObject({
      url: "/a?b",
      path: "/a",
      headers: one.headers,
      remoteAddress: "192.0.2.1",
      credentials: { scheme: "bearer", token: "abc" },
    });
    expect(one.toAuthenticate().cookies.get("c")).toBe("d");
    expect(request("/").toAuthenticate().credentials).toBeUndefined();
  });

  it("shows the token that is offered as a subprotocol, where there is no Authorization header", () => {
    const offer = ["Sec-WebSocket-Protocol", "busbar.v1, busbar.token.abc"];
    const credentials = { scheme: "bearer", token: "abc" };
    expect(request("/", offer).toAuthenticate().credentials).toEqual(credentials);
    const both = request("/", [...offer, "Authorization", "Digest x"]);
    expect(both.toAuthenticate().credentials).toBeUndefined();
  });
});
