import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { itIsATextCodec } from "../../../test/support/text-codec-cases.js";
import { portableTextCodec } from "../../kernel/text-codec.js";
import { bunTextCodec, bunTextCodecOn } from "./text-codec.js";

describe("Bun's text codec, on methods that Node has too", () => {
  itIsATextCodec(bunTextCodec);

  it("gives memory of the size that is asked for, and no two the same", () => {
    const [one, other] = [bunTextCodec.allocate(10_000), bunTextCodec.allocate(10_000)];
    expect([one.length, one.byteOffset, one.buffer.byteLength]).toEqual([10_000, 0, 10_000]);
    expect(other.buffer).not.toBe(one.buffer);
  });

  it("keeps a byte order mark, and tells malformed bytes", () => {
    const marked = Buffer.from("\uFEFFx");
    expect(bunTextCodec.decode(marked, 0, marked.length)).toBe("\uFEFFx");
    expect(bunTextCodec.isUtf8(Buffer.from([0xed, 0xa0, 0x80]), 0, 3)).toBe(false);
    expect(bunTextCodec.decode(Buffer.from([0x61, 0xff]), 0, 2)).toBe("a\uFFFD");
  });

  it("is the portable one where a method is missing", () => {
    expect(bunTextCodecOn(null)).toBe(portableTextCodec);
    expect(bunTextCodecOn({})).toBe(portableTextCodec);
    expect(bunTextCodecOn({ utf8Slice: () => "" })).toBe(portableTextCodec);
  });
});
