import { describe, expect, it } from "vitest";
import type { ScryptRequest } from "../../auth/password-ports.js";
import { NodePasswordHashing } from "./password-hashing.js";

const request = (values: Partial<ScryptRequest> = {}): ScryptRequest => ({
  password: "secret",
  salt: Buffer.from("NaCl"),
  ln: 4,
  r: 1,
  p: 1,
  length: 32,
  ...values,
});

describe("hashing of passwords on Node", () => {
  it("is scrypt", async () => {
    // RFC 7914, 12: the third test vector.
    const salt = Buffer.from("SodiumChloride");
    const vector = request({ password: "pleaseletmein", salt, ln: 14, r: 8, p: 1, length: 64 });
    expect(Buffer.from((await new NodePasswordHashing().scrypt(vector)) ?? []).toString("hex")).toBe(
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
    );
  });

  it("takes the most memory that a hash may ask for", async () => {
    expect(await new NodePasswordHashing().scrypt(request({ ln: 16, r: 8 }))).toHaveLength(32);
  });

  it("says that it could not", async () => {
    await expect(new NodePasswordHashing().scrypt(request({ ln: 20, r: 8 }))).rejects.toThrow(/memory/i);
  });

  it("takes no more than wait for some seconds", async () => {
    const hashing = new NodePasswordHashing();
    const all = Array.from({ length: 40 }, () => hashing.scrypt(request()));
    const taken = all.filter((one) => one !== undefined);
    expect(taken).toHaveLength(34);
    await Promise.all(taken);
    expect(await hashing.scrypt(request())).toHaveLength(32);
  });

  it("makes a salt that is another one each time", () => {
    const [one, other] = [new Uint8Array(16), new Uint8Array(16)];
    new NodePasswordHashing().fill(one);
    new NodePasswordHashing().fill(other);
    expect(one).not.toEqual(other);
  });

  it("seals what is the same to the same, in one process, and says nothing of it", () => {
    const hashing = new NodePasswordHashing();
    expect(hashing.seal("secret")).toBe(hashing.seal("secret"));
    expect(hashing.seal("secret")).not.toBe(hashing.seal("Secret"));
    expect(hashing.seal("secret")).not.toBe(new NodePasswordHashing().seal("secret"));
    expect(hashing.seal("secret")).not.toContain("secret");
  });
});
