import { describe, expect, it } from "vitest";
import { firstOf, standingFor, type AuthenticationRequest, type Authenticator } from "./authenticator.js";
import type { Principal } from "./principal.js";

const request: AuthenticationRequest = {
  url: "/bus",
  path: "/bus",
  headers: { get: () => undefined },
  cookies: new Map(),
  remoteAddress: "127.0.0.1",
  credentials: undefined,
};
const principal = (id: string): Principal => ({ id, roles: [], claims: {}, expiresAtMs: undefined });

describe("several authenticators", () => {
  it("are asked in order until one recognises somebody", async () => {
    const asked: string[] = [];
    const answering =
      (name: string, answer: Principal | undefined): Authenticator =>
      async () => {
        asked.push(name);
        return answer;
      };
    const authenticate = firstOf([
      answering("a", undefined),
      answering("b", principal("b")),
      answering("c", principal("c")),
    ]);
    expect(await authenticate(request)).toEqual(principal("b"));
    expect(asked).toEqual(["a", "b"]);
  });

  it("recognise nobody where none does, and where there are none", async () => {
    expect(await firstOf([() => undefined])(request)).toBeUndefined();
    expect(await firstOf([])(request)).toBeUndefined();
  });

  it("let nobody in when one cannot answer", async () => {
    const broken: Authenticator = () => {
      throw new Error("the directory is down");
    };
    await expect(firstOf([broken, () => principal("b")])(request)).rejects.toThrow("the directory is down");
  });

  it("challenge with what each of them asks for", () => {
    const basic: Authenticator = Object.assign(() => undefined, { challenge: 'Basic realm="a"' });
    const bearer: Authenticator = Object.assign(() => undefined, { challenge: "Bearer" });
    expect(firstOf([basic, () => undefined, bearer]).challenge).toBe('Basic realm="a", Bearer');
    expect(firstOf([() => undefined]).challenge).toBeUndefined();
  });

  it("ask those for strangers last, and not where something was shown and refused", async () => {
    const guests = Object.assign(() => principal("guest"), { traits: { anonymousRoles: [] } });
    const refusing =
      (isAmbient: boolean): Authenticator =>
      ({ report }) => {
        report?.({ why: "wrong", isAmbient });
        return undefined;
      };
    expect(await firstOf([guests, () => principal("b")])(request)).toEqual(principal("b"));
    expect(await firstOf([guests, () => undefined])(request)).toEqual(principal("guest"));
    expect(await firstOf([guests, refusing(true)])(request)).toEqual(principal("guest"));
    const reports: unknown[] = [];
    const asked = { ...request, report: (refused: unknown) => void reports.push(refused) };
    expect(await firstOf([guests, refusing(false)])(asked)).toBeUndefined();
    expect(reports).toEqual([{ why: "wrong", isAmbient: false }]);
  });

  it("look at the handshake alone where each of them does", () => {
    const only = Object.assign(() => undefined, { traits: { isHandshakeOnly: true } });
    expect(firstOf([only, only]).traits).toEqual({ isHandshakeOnly: true });
    expect(firstOf([only, () => undefined]).traits).toBeUndefined();
    expect(firstOf([]).traits).toBeUndefined();
  });
});

describe("an authenticator that stands for another", () => {
  it("has its challenge and its traits", () => {
    const other = Object.assign(() => undefined, { challenge: "Bearer", traits: { isHandshakeOnly: true } });
    const { challenge, traits } = standingFor(other, () => undefined);
    expect({ challenge, traits }).toEqual({ challenge: "Bearer", traits: { isHandshakeOnly: true } });
    expect(
      Object.keys(
        standingFor(
          () => undefined,
          () => undefined,
        ),
      ),
    ).toEqual([]);
  });
});
