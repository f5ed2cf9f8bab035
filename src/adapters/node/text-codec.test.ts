import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { itIsATextCodec } from "../../../test/support/text-codec-cases.js";
import { portableTextCodec } from "../../kernel/text-codec.js";
import { nodeTextCodec } from "./text-codec.js";

describe("Node's text codec", () => {
  itIsATextCodec(nodeTextCodec);

  it("tells well-formed bytes from malformed ones as the portable one does", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), fc.nat(3), (bytes, start) => {
        const isUtf8 = portableTextCodec.isUtf8(bytes, start, bytes.length);
        expect(nodeTextCodec.isUtf8(bytes, start, bytes.length)).toBe(isUtf8);
      }),
      {
        examples: [
          [new Uint8Array([0xed, 0xa0, 0x80]), 0],
          [new Uint8Array([0xf4, 0x90, 0x80, 0x80]), 0],
        ],
      },
    );
  });

  it.each(["*", "é", "κόσμε", "🙂", "\uFEFFx", "\uFFFD"])("decodes long text of %s as short text", (piece) => {
    const text = piece.repeat(3000);
    const bytes = Buffer.from(`ab${text}c`);
    expect(nodeTextCodec.decode(bytes, 2, bytes.length - 1)).toBe(text);
  });

  it("shows malformed bytes in long text as U+FFFD", () => {
    const bytes = Buffer.concat([Buffer.from("é".repeat(3000)), Buffer.from([0xff])]);
    expect(nodeTextCodec.decode(bytes, 0, bytes.length)).toBe(`${"é".repeat(3000)}\uFFFD`);
  });

  it("gives memory of the size that is asked for, and no two the same", () => {
    const [one, other] = [nodeTextCodec.allocate(10_000), nodeTextCodec.allocate(10_000)];
    expect([one.length, one.byteOffset, one.buffer.byteLength]).toEqual([10_000, 0, 10_000]);
    expect(other.buffer).not.toBe(one.buffer);
  });

  it("keeps a byte order mark", () => {
    expect(nodeTextCodec.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), 0, 4)).toBe("\uFEFFa");
  });

  it("works on the part of a buffer that a view shows", () => {
    const memory = new Uint8Array(10);
    const view = memory.subarray(3, 7);
    expect(nodeTextCodec.encodeInto("ab", view, 1)).toBe(2);
    expect([...memory]).toEqual([0, 0, 0, 0, 97, 98, 0, 0, 0, 0]);
    expect(nodeTextCodec.decode(view, 1, 3)).toBe("ab");
  });
});
