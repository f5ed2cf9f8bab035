import { describe, expect, it } from "vitest";
import { StaticKey } from "./key-source.js";

const check = (): Promise<boolean> => Promise.resolve(true);

describe("a key that is given", () => {
  it("is for its one algorithm, whatever name a token says", () => {
    const key = new StaticKey({ alg: "ES256", kid: undefined }, check);
    expect([key.takes("ES256"), key.takes("HS256")]).toEqual([true, false]);
    expect(key.find({ alg: "ES256", kid: undefined })).toBe(check);
    expect(key.find({ alg: "ES256", kid: "x" })).toBe(check);
    expect(key.find({ alg: "HS256", kid: "x" })).toBeUndefined();
  });

  it("that has a name is for tokens that say it", () => {
    const key = new StaticKey({ alg: "ES256", kid: "k" }, check);
    expect(key.find({ alg: "ES256", kid: "k" })).toBe(check);
    expect(key.find({ alg: "ES256", kid: "K" })).toBeUndefined();
    expect(key.find({ alg: "ES256", kid: undefined })).toBeUndefined();
  });
});
