import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { call } from "./call.js";
import { channel } from "./channel.js";
import { contract } from "./contract.js";
import { differences, fingerprint, partFingerprint } from "./fingerprint.js";

const zod = (shape: z.ZodRawShape): string => partFingerprint(channel({ message: z.object(shape) }));
const valibot = (entries: v.ObjectEntries): string => partFingerprint(channel({ message: v.object(entries) }));

describe("a part's fingerprint", () => {
  it("is the same for the same schemas, in whatever order their members are", () => {
    expect(zod({ a: z.string().min(1), b: z.number() })).toBe(zod({ b: z.number(), a: z.string().min(1) }));
    const text = (): v.GenericSchema => v.pipe(v.string(), v.minLength(1), v.regex(/^a/u));
    expect(valibot({ a: text(), b: v.number() })).toBe(valibot({ b: v.number(), a: text() }));
    expect(zod({ a: z.string() })).toMatch(/^[0-9a-f]{16}$/);
  });

  it("is another for every change that matters on the wire", () => {
    const all = [
      zod({ a: z.string() }),
      zod({ a: z.number() }),
      zod({ a: z.string().optional() }),
      zod({ a: z.string().max(5) }),
      zod({ b: z.string() }),
      zod({}),
      valibot({ a: v.string() }),
      valibot({ a: v.pipe(v.string(), v.minLength(1)) }),
      valibot({ a: v.pipe(v.string(), v.minLength(2)) }),
      valibot({ a: v.pipe(v.string(), v.regex(/a/u)) }),
      valibot({ a: v.pipe(v.string(), v.regex(/b/u)) }),
      valibot({ a: v.optional(v.array(v.nullish(v.string())), [null]) }),
      valibot({ a: v.optional(v.array(v.nullish(v.string())), [undefined]) }),
      valibot({ a: v.pipe(v.bigint(), v.minValue(1n)) }),
      valibot({ a: v.pipe(v.bigint(), v.minValue(2n)) }),
      partFingerprint(channel({ message: z.object({}), presence: z.object({}) })),
      partFingerprint(channel({ message: z.object({}), rejection: z.object({}) })),
      partFingerprint(call({ input: z.object({}), output: z.object({}) })),
      partFingerprint(call({ input: z.object({}), output: z.string() })),
      partFingerprint(call({ input: z.object({}), output: z.object({}), refusal: z.string() })),
      partFingerprint(call({ input: z.object({}), output: z.object({}), handledBy: "client" })),
      partFingerprint(channel({ message: z.object({}), version: 1 })),
      partFingerprint(channel({ message: z.object({}), version: 2 })),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it("is that of the version where there is one, and leaves out what is the server's business", () => {
    const versioned = channel({ message: z.string(), version: "b" });
    expect(partFingerprint(channel({ message: z.number(), version: "b" }))).toBe(partFingerprint(versioned));
    const options = { history: { keep: 5 }, durability: "disk", allow: { publish: ["a"] } } as const;
    expect(partFingerprint(channel({ message: z.string(), ...options }))).toBe(
      partFingerprint(channel({ message: z.string() })),
    );
  });

  it("tells schemas apart of which a part has no JSON Schema, by that part and by all others", () => {
    const at = z.coerce.date();
    const all = [
      zod({ at }),
      zod({ at: z.coerce.bigint() }),
      zod({ at: z.string() }),
      zod({ at, text: z.string().min(1) }),
      zod({ at, text: z.string().min(2) }),
      zod({ at, text: z.string().regex(/a/) }),
      zod({ at, text: z.number() }),
      zod({ at, inner: z.object({ text: z.literal("a") }) }),
      zod({ at, inner: z.object({ text: z.literal("b") }) }),
      zod({ at, "~text": z.string() }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(zod({ at, text: z.string().min(1) })).toBe(zod({ text: z.string().min(1), at: z.coerce.date() }));
  });

  it("does not depend on whether a part is written once or twice", () => {
    const name = (): v.GenericSchema => v.pipe(v.string(), v.minLength(1));
    const shared = name();
    expect(valibot({ a: shared, b: shared })).toBe(valibot({ a: name(), b: name() }));
    expect(valibot({ a: shared, b: v.string() })).not.toBe(valibot({ a: shared, b: shared }));
  });

  it("can be made of schemas that contain themselves, many times", () => {
    const tree = (leaf: z.ZodType): z.ZodType => {
      const node: z.ZodType = z.object({
        at: z.coerce.date(),
        leaf,
        get one(): z.ZodType {
          return node.optional();
        },
        get two(): z.ZodType {
          return z.array(node);
        },
      });
      return node;
    };
    expect(zod({ tree: tree(z.string()) })).toBe(zod({ tree: tree(z.string()) }));
    expect(zod({ tree: tree(z.string()) })).not.toBe(zod({ tree: tree(z.number()) }));
  });

  it("ends where a schema does not", () => {
    const plain = v.string();
    const endless = (count: number): typeof plain => ({
      ...plain,
      get inner() {
        return Array.from({ length: count }, () => endless(count));
      },
    });
    for (const count of [1, 20]) {
      expect(partFingerprint(channel({ message: endless(count) }))).toMatch(/^[0-9a-f]{16}$/);
    }
  });
});

it("a contract's fingerprint does not depend on the order of its parts", () => {
  expect(fingerprint({ a: "1", b: "2" })).toBe(fingerprint({ b: "2", a: "1" }));
  expect(fingerprint({ a: "1", b: "2" })).not.toBe(fingerprint({ a: "2", b: "1" }));
});

it("two contracts can be told apart part by part", () => {
  const news = channel({ message: z.string() });
  const mine = contract({ news, "chat/:room": channel({ message: z.string() }), old: news });
  const theirs = contract({ news, "chat/:room": channel({ message: z.number() }), added: news });
  expect(differences(mine.parts, theirs.parts)).toEqual({ changed: ["chat/:room"], missing: ["old"] });
  expect(differences({ toString: "1" }, {})).toEqual({ changed: [], missing: ["toString"] });
  expect(mine.fingerprint).not.toBe(theirs.fingerprint);
});
