import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { PasswordHashing, ScryptRequest } from "./password-ports.js";
import { Passwords, rememberDefaultMs } from "./passwords.js";

describe("passwords", () => {
  let clock: VirtualClock;
  let asked: ScryptRequest[];
  let isFull: boolean;
  let hashing: PasswordHashing;
  beforeEach(() => {
    clock = new VirtualClock();
    asked = [];
    isFull = false;
    hashing = {
      scrypt: (request) => {
        if (isFull) return undefined;
        asked.push(request);
        const { length, password } = request;
        return Promise.resolve(Uint8Array.from({ length }, (_, index) => password.charCodeAt(index) || 0));
      },
      fill: (target) => void target.fill(1),
      seal: (text) => `sealed ${text}`,
    };
  });

  it("are hashed with scrypt at the cost that OWASP recommends, and a salt of 128 bits", async () => {
    const passwords = new Passwords({ hashing, clock });
    expect(await passwords.hash("secret")).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$AQEBAQEBAQEBAQEBAQEBAQ\$c2VjcmV0/);
    expect(asked).toEqual([{ ln: 15, r: 8, p: 3, length: 32, password: "secret", salt: new Uint8Array(16).fill(1) }]);
  });

  it("are right or wrong", async () => {
    const passwords = new Passwords({ hashing, clock, rememberMs: 0 });
    const hash = await passwords.hash("secret");
    expect(await passwords.isRight("secret", hash)).toBe(true);
    expect(await passwords.isRight("Secret", hash)).toBe(false);
    expect(await passwords.isRight("", hash)).toBe(false);
  });

  it("are the same however their letters are composed", async () => {
    const passwords = new Passwords({ hashing, clock });
    expect(await passwords.isRight("Zo\u00EB", await passwords.hash("Zoe\u0308"))).toBe(true);
  });

  it("cost the same where there is no user, or no hash", async () => {
    const passwords = new Passwords({ hashing, clock });
    expect(await passwords.isRight("secret", undefined)).toBe(false);
    expect(await passwords.isRight("", undefined)).toBe(false);
    expect(await passwords.isRight("secret", "secret")).toBe(false);
    expect(asked.map(({ length, ln, p, r }) => [ln, r, p, length])).toEqual(asked.map(() => [15, 8, 3, 32]));
    expect(asked).toHaveLength(3);
  });

  it("are not hashed again for a while where they were right", async () => {
    const passwords = new Passwords({ hashing, clock });
    const hash = await passwords.hash("secret");
    const count = async (password: string, against = hash): Promise<number> => {
      const before = asked.length;
      await passwords.isRight(password, against);
      return asked.length - before;
    };
    expect([await count("secret"), await count("secret")]).toEqual([1, 0]);
    expect([await count("wrong"), await count("wrong")]).toEqual([1, 1]);
    expect(await count("secret", hash.replace("p=3", "p=2"))).toBe(1);
    clock.advance(rememberDefaultMs - 1);
    expect(await count("secret")).toBe(0);
    clock.advance(1);
    expect([await count("secret"), await count("secret")]).toEqual([1, 0]);
  });

  it("are remembered up to a number, the newest of them", async () => {
    const passwords = new Passwords({ hashing, clock });
    const hashes = await Promise.all(Array.from({ length: 10_001 }, (_, index) => passwords.hash(`secret ${index}`)));
    for (const [index, hash] of hashes.entries()) expect(await passwords.isRight(`secret ${index}`, hash)).toBe(true);
    const before = asked.length;
    await passwords.isRight("secret 1", hashes[1]);
    expect(asked.length - before).toBe(0);
    await passwords.isRight("secret 0", hashes[0]);
    expect(asked.length - before).toBe(1);
  });

  it("that are empty are not hashed", async () => {
    const passwords = new Passwords({ hashing, clock });
    await expect(passwords.hash("")).rejects.toMatchObject({ code: "auth/empty-password" });
  });

  it("are neither right nor wrong while too many wait", async () => {
    const passwords = new Passwords({ hashing, clock });
    const hash = await passwords.hash("secret");
    isFull = true;
    await expect(passwords.isRight("secret", hash)).rejects.toMatchObject({ code: "auth/no-answer", retryable: true });
    await expect(passwords.hash("secret")).rejects.toMatchObject({ code: "auth/no-answer" });
  });
});
