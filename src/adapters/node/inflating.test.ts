import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { AssertionError } from "../../kernel/errors.js";
import { failedInflation, Inflating } from "./inflating.js";

const options = { bytesMax: 1000, dictionary: undefined };

describe("a message that is inflated", () => {
  it("is done after one stream, nearly always", () => {
    const payload = deflateRawSync("Hello", { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const inflating = new Inflating(payload, options);
    expect(inflating.isDone).toBe(false);
    inflating.take(inflateRawSync(inflating.input, inflating.zlibOptions));
    expect([inflating.isDone, inflating.inflation]).toEqual([true, new TextEncoder().encode("Hello")]);
  });

  it("gives each further stream what is left of the limit, and the end of what came before as its dictionary", () => {
    const payload = Buffer.concat([deflateRawSync("one "), deflateRawSync("two ")]);
    const inflating = new Inflating(payload, { bytesMax: 10, dictionary: Buffer.from("before ") });
    expect(inflating.zlibOptions).toMatchObject({ maxOutputLength: 10, dictionary: Buffer.from("before ") });
    inflating.take(inflateRawSync(inflating.input, inflating.zlibOptions));
    expect([inflating.isDone, inflating.input.length]).toEqual([false, payload.length + 6 - 6]);
    expect(inflating.zlibOptions).toMatchObject({ maxOutputLength: 6, dictionary: Buffer.from("before one ") });
    inflating.take(inflateRawSync(inflating.input, inflating.zlibOptions));
    expect(new TextDecoder().decode(inflating.inflation as Uint8Array)).toBe("one two ");
  });

  it("keeps 32 KiB for the next stream, not more", () => {
    const payload = Buffer.concat([deflateRawSync(Buffer.alloc(40_000, "x")), deflateRawSync("")]);
    const inflating = new Inflating(payload, { bytesMax: 100_000, dictionary: Buffer.alloc(32_768, "y") });
    inflating.take(inflateRawSync(inflating.input, inflating.zlibOptions));
    expect(inflating.zlibOptions.dictionary).toEqual(Buffer.alloc(32_768, "x"));
  });

  it("needs zlib to say how much it took", () => {
    const inflating = new Inflating(deflateRawSync("Hello"), options);
    expect(() => inflating.take(inflateRawSync(inflating.input))).toThrow(AssertionError);
  });
});

it("a failure is either the limit's or the message's own fault", () => {
  const bomb = deflateRawSync(new Uint8Array(2000));
  const verdict = (payload: Uint8Array): unknown => {
    const inflating = new Inflating(payload, options);
    try {
      return inflating.take(inflateRawSync(inflating.input, inflating.zlibOptions));
    } catch (error) {
      return failedInflation(error);
    }
  };
  expect([verdict(bomb), verdict(Buffer.from("garbage"))]).toEqual(["too-large", "invalid"]);
  expect(failedInflation(new RangeError("another"))).toBe("invalid");
});
