import { describe, expect, it } from "vitest";
import { request } from "../../test/support/session-world.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { RefusedCredentials } from "./authenticator.js";
import { cookieWith, requireOriginCheck } from "./cookie.js";

const clock = new VirtualClock();
const sessions: Readonly<Record<string, string>> = { s1: "ada" };
const authenticate = cookieWith(clock, {
  name: "session",
  verify: (value) => (value in sessions ? { id: String(sessions[value]) } : undefined),
});
const withCookie = (value: string) => ({ ...request, cookies: new Map([["session", value]]) });

describe("a session cookie", () => {
  it("says whose session it is, at the handshake alone", async () => {
    expect(await authenticate(withCookie("s1"))).toMatchObject({ id: "ada" });
    expect(await authenticate({ ...withCookie("s1"), at: "handshake" })).toMatchObject({ id: "ada" });
    expect(await authenticate({ ...withCookie("s1"), at: "hello" })).toBeUndefined();
    expect(await authenticate({ ...withCookie("s1"), at: "refresh" })).toBeUndefined();
    expect(await authenticate(request)).toBeUndefined();
    expect(authenticate.traits).toEqual({ reliesOnOrigin: true, isHandshakeOnly: true });
  });

  it("that nobody knows is reported as something that a browser sends by itself", async () => {
    const reports: RefusedCredentials[] = [];
    expect(
      await authenticate({ ...withCookie("s2"), report: (refused) => void reports.push(refused) }),
    ).toBeUndefined();
    expect(await authenticate(withCookie("s2"))).toBeUndefined();
    expect(reports).toEqual([{ why: "cookie/unknown", isAmbient: true }]);
  });

  it("is looked up with the request and a signal, within the deadline", async () => {
    const seen: unknown[] = [];
    const slow = cookieWith(clock, {
      name: "session",
      deadlineMs: 10,
      verify: (value, context) => {
        seen.push(value, context.request.path, context.signal.aborted);
        return new Promise(() => {});
      },
    });
    const outcome = Promise.resolve(slow(withCookie("s1"))).catch((error: unknown) => error);
    clock.advance(10);
    expect(await outcome).toMatchObject({ code: "auth/no-answer" });
    expect(seen).toEqual(["s1", "/bus", false]);
  });

  it.each(["", "a b", "a=b"])("is not called %j", (name) => {
    expect(() => cookieWith(clock, { name, verify: () => null })).toThrow(
      expect.objectContaining({ code: "options/invalid" }),
    );
  });

  it("is not used where pages of any origin are let in", () => {
    const others = [() => undefined];
    const code = expect.objectContaining({ code: "auth/any-origin" });
    expect(() => requireOriginCheck([...others, authenticate], "any")).toThrow(code);
    expect(() => requireOriginCheck([authenticate], ["https://a.example", "null"])).toThrow(code);
    expect(() => requireOriginCheck([authenticate], ["https://a.example"])).not.toThrow();
    expect(() => requireOriginCheck([authenticate], "same")).not.toThrow();
    expect(() => requireOriginCheck(others, "any")).not.toThrow();
  });
});
