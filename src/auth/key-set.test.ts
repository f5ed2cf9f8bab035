import { describe, expect, it } from "vitest";
import { placeOf, readKeySet } from "./key-set.js";
import type { PublicAlgorithm, SignatureChecks } from "./token-ports.js";

/** Keys with `bad` cannot be used; RSA keys are for RS* and PS*, all others for ES*. */
const checks: Pick<SignatureChecks, "withPublicKey"> = {
  withPublicKey: (key, alg) => {
    const { bad, kty } = { bad: undefined, kty: undefined, ...(key as object) };
    if (bad !== undefined || (kty === "RSA") === alg.startsWith("E")) throw new Error("no such key");
    return () => Promise.resolve(true);
  },
};

function places(keys: unknown, algs: readonly PublicAlgorithm[] = ["RS256", "ES256"]): string[] {
  const table = readKeySet(JSON.stringify({ keys }), {
    algs,
    keysMax: 4,
    checks: { ...checks, withSecret: () => () => Promise.resolve(false) },
  });
  return [...table].map(([place, found]) => `${place} x${found.length}`);
}

describe("a key set", () => {
  it("has its keys by algorithm and name, and by algorithm alone", () => {
    expect(places([{ kty: "RSA", kid: "a" }, { kty: "EC", kid: "b", use: "sig" }, { kty: "EC" }])).toEqual([
      "RS256 x1",
      "RS256 a x1",
      "ES256 x2",
      "ES256 b x1",
    ]);
    expect(placeOf("RS256", "a")).toBe("RS256 a");
  });

  it("leaves out what is for something else, or of no use", () => {
    const none = [
      { kty: "RSA", kid: "a", use: "enc" },
      { kty: "RSA", kid: "a", key_ops: ["encrypt"] },
      { kty: "RSA", kid: "a", key_ops: "verify" },
      { kty: "RSA", kid: "a", alg: "RS512" },
      { kty: "RSA", kid: "a", alg: "HS256" },
      { kty: "RSA", kid: "a", bad: true },
      { kid: "a" },
      { kty: 1 },
      null,
      "a",
    ];
    for (const key of none) expect(places([key])).toEqual([]);
    expect(places([{ kty: "RSA", kid: 1, alg: "RS256", key_ops: ["verify"] }])).toEqual(["RS256 x1"]);
  });

  it("does not pin a key that would do for two algorithms and says none", () => {
    expect(places([{ kty: "RSA", kid: "a" }], ["RS256", "PS256"])).toEqual([]);
    expect(places([{ kty: "RSA", kid: "a", alg: "PS256" }], ["RS256", "PS256"])).toEqual(["PS256 x1", "PS256 a x1"]);
  });

  it.each(["", "[]", "null", "{}", '{"keys":{}}', "<html>", JSON.stringify({ keys: [1, 2, 3, 4, 5] })])(
    "is none in %s",
    (text) => {
      const rules = { algs: [], keysMax: 4, checks: { ...checks, withSecret: () => () => Promise.resolve(false) } };
      expect(() => readKeySet(text, rules)).toThrow(expect.objectContaining({ code: "auth/keys-not-fetched" }));
    },
  );
});
