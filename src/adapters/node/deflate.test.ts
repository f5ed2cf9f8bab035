import type * as zlibTypes from "node:zlib";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Inflation } from "../../websocket/ports.js";
import { NodeDeflate } from "./deflate.js";

/** How many jobs other threads have now, and the most they had. */
const elsewhere = vi.hoisted(() => ({ running: 0, most: 0, begun: 0 }));

vi.mock("node:zlib", async (importOriginal) => {
  const zlib = await importOriginal<typeof zlibTypes>();
  type Work = (payload: Uint8Array, options: object, done: (error: Error | null, result: Buffer) => void) => void;
  const counted =
    (work: Work): Work =>
    (payload, options, done) => {
      work(payload, options, (error, result) => {
        elsewhere.running--;
        done(error, result);
      });
      elsewhere.begun++;
      elsewhere.running++;
      elsewhere.most = Math.max(elsewhere.most, elsewhere.running);
    };
  return { ...zlib, inflateRaw: counted(zlib.inflateRaw), deflateRaw: counted(zlib.deflateRaw) };
});

const MIB = 1024 * 1024;
const port = new NodeDeflate({ level: 1 });
const hex = (text: string): Uint8Array => Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));
const text = (inflation: Inflation): string =>
  typeof inflation === "string" ? inflation : new TextDecoder().decode(inflation);
const plain = { bytesMax: MIB, dictionary: undefined };
const noise = (length: number): Uint8Array => {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (state * 48_271) % 0x7fff_ffff) & 0xff);
};
const flushed = (payload: Uint8Array, finishFlush = constants.Z_SYNC_FLUSH): Buffer =>
  deflateRawSync(payload, { finishFlush });

describe("inflating a bomb", () => {
  it("stops at the limit, whatever is behind it: 1 GiB of zeros", async () => {
    const mebibyte = flushed(new Uint8Array(MIB), constants.Z_FULL_FLUSH);
    const bomb = Buffer.concat(Array.from({ length: 1024 }, () => mebibyte)).subarray(0, -4);
    expect(bomb.length).toBeLessThan(1.5 * MIB);
    const before = process.resourceUsage().maxRSS;
    expect(await port.inflate(bomb, plain)).toBe("too-large");
    // In KiB; 1 GiB would be 1,048,576.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000);
  });

  it("stops a small one that inflates a thousandfold, with the least of work in this thread", async () => {
    const bomb = flushed(new Uint8Array(15 * MIB)).subarray(0, -4);
    expect(bomb.length).toBeLessThanOrEqual(16 * 1024);
    const begun = elsewhere.begun;
    expect(port.inflate(bomb, { ...plain, bytesMax: 64 * 1024 })).toBe("too-large");
    expect(elsewhere.begun).toBe(begun);
    const inflation = port.inflate(bomb, plain);
    expect(inflation).toBeInstanceOf(Promise);
    expect(await inflation).toBe("too-large");
    expect(elsewhere.begun).toBe(begun + 1);
  });
});

describe("inflating", () => {
  it.each([
    ["one block (7.2.3.1)", "f2 48 cd c9 c9 07 00", "Hello"],
    ["a block without compression (7.2.3.3)", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"],
    ["a last block (7.2.3.4)", "f3 48 cd c9 c9 07 00 00", "Hello"],
    ["two blocks (7.2.3.5)", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"],
    ["an empty message (7.2.3.6)", "00", ""],
    ["a last block that nothing follows", "f3 48 cd c9 c9 07 00", "Hello"],
    [
      "last blocks with others behind them",
      "f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00",
      "HelloHelloHello",
    ],
    ["an empty last block in front", "03 00 f2 48 cd c9 c9 07 00", "Hello"],
  ])("reads RFC 7692's example of %s", (_, bytes, message) => {
    expect(text(port.inflate(hex(bytes), plain) as Uint8Array)).toBe(message);
  });

  it("takes a message without any byte for an empty one", () => {
    expect(port.inflate(new Uint8Array(0), plain)).toEqual(new Uint8Array(0));
  });

  it("reads a message that refers to the one before (7.2.3.2)", () => {
    const dictionary = new TextEncoder().encode("Hello");
    expect(text(port.inflate(hex("f2 00 11 00 00"), { ...plain, dictionary }) as Uint8Array)).toBe("Hello");
    expect(port.inflate(hex("f2 00 11 00 00"), plain)).toBe("invalid");
  });

  it("lets a block behind a last one refer to what came before that, in this message and in others", () => {
    const dictionary = new TextEncoder().encode("from the last message; ");
    const first = deflateRawSync("from this one; ", { dictionary });
    const both = Buffer.concat([dictionary, Buffer.from("from this one; ")]);
    const second = deflateRawSync("from this one; from the last message; ", {
      dictionary: both,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    expect(second.length).toBeLessThan(20);
    const payload = Buffer.concat([first, second.subarray(0, -4)]);
    const inflation = port.inflate(payload, { ...plain, dictionary }) as Uint8Array;
    expect(text(inflation)).toBe("from this one; from this one; from the last message; ");
  });

  it("reads up to 64 streams in a message, and no more", () => {
    const last = hex("f3 48 cd c9 c9 07 00");
    const message = (streams: number): Inflation | Promise<Inflation> =>
      port.inflate(Buffer.concat(Array.from({ length: streams }, () => last)), plain);
    expect(text(message(64) as Uint8Array)).toBe("Hello".repeat(64));
    expect(message(65)).toBe("invalid");
  });

  it("tells a message that was cut off, wherever", () => {
    const whole = flushed(
      new TextEncoder().encode(JSON.stringify(Array.from({ length: 60 }, (_, id) => ({ id })))),
    ).subarray(0, -4);
    expect(port.inflate(whole, plain)).toBeInstanceOf(Uint8Array);
    for (let length = 1; length < whole.length; length++) {
      expect([length, port.inflate(whole.subarray(0, length), plain)]).toEqual([length, "invalid"]);
    }
  });

  it("has a verdict on any bytes, here and elsewhere", async () => {
    for (const size of [30, 20_000]) {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 30 }), async (bytes) => {
          const payload = new Uint8Array(size).map((_, index) => bytes[index % bytes.length] ?? 0);
          const inflation = await port.inflate(payload, { ...plain, bytesMax: 1000 });
          if (inflation instanceof Uint8Array) expect(inflation.length).toBeLessThanOrEqual(1000);
          else expect(["invalid", "too-large"]).toContain(inflation);
        }),
      );
    }
  });

  it.each([0, 1, 5, 1000, 64 * 1024, 64 * 1024 + 1, 300_000])(
    "takes a message of the limit, %i, and none longer",
    async (bytesMax) => {
      for (const make of [(length: number) => new Uint8Array(length), noise]) {
        const fitting = flushed(make(bytesMax)).subarray(0, -4);
        const longer = flushed(make(bytesMax + 1)).subarray(0, -4);
        const options = { ...plain, bytesMax };
        expect(await port.inflate(fitting, options)).toEqual(make(bytesMax));
        expect(await port.inflate(longer, options)).toBe("too-large");
      }
    },
  );

  it("takes several streams together for one message that has a limit", () => {
    const last = hex("f3 48 cd c9 c9 07 00");
    for (const streams of [1, 2, 3]) {
      const payload = Buffer.concat(Array.from({ length: streams }, () => last));
      expect(port.inflate(payload, { ...plain, bytesMax: streams * 5 })).toHaveLength(streams * 5);
      expect(port.inflate(payload, { ...plain, bytesMax: streams * 5 - 1 })).toBe("too-large");
    }
  });

  it("can do without a limit", async () => {
    const payload = flushed(new Uint8Array(2 * MIB)).subarray(0, -4);
    expect(await port.inflate(payload, { ...plain, bytesMax: Number.POSITIVE_INFINITY })).toHaveLength(2 * MIB);
  });

  it("gives plain bytes that hold no more memory than they show", async () => {
    for (const length of [0, 5, 1000, 16_384, 20_000, 200_000]) {
      const inflation = await port.inflate(flushed(noise(length)).subarray(0, -4), plain);
      if (typeof inflation === "string") expect.unreachable();
      expect(Object.getPrototypeOf(inflation)).toBe(Uint8Array.prototype);
      expect(inflation.buffer.byteLength).toBe(length);
    }
  });
});

describe("compressing", () => {
  it("leaves out the four bytes at the end of a flush", async () => {
    for (const length of [0, 1, 1000, 16 * 1024, 16 * 1024 + 1, 500_000]) {
      const payload = noise(length);
      const deflated = await port.deflate(payload, { windowBits: 15, dictionary: undefined });
      const whole = Buffer.concat([deflated, hex("00 00 ff ff")]);
      const inflated = inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH });
      expect(Buffer.compare(inflated, payload)).toBe(0);
    }
    expect(port.deflate(new Uint8Array(0), { windowBits: 15, dictionary: undefined })).toEqual(Buffer.from([0]));
  });

  it("is done at once up to 16 KiB, and in another thread beyond", async () => {
    const options = { windowBits: 15, dictionary: undefined };
    expect(port.deflate(noise(16 * 1024), options)).toBeInstanceOf(Uint8Array);
    const deflated = port.deflate(noise(16 * 1024 + 1), options);
    expect(deflated).toBeInstanceOf(Promise);
    expect(await deflated).toBeInstanceOf(Uint8Array);
  });

  it("fails with an error of ours, never with zlib's own", async () => {
    const options = { windowBits: 99, dictionary: undefined };
    expect(() => port.deflate(noise(10), options)).toThrow(expect.objectContaining({ code: "deflate/failed" }));
    await expect(port.deflate(noise(20_000), options)).rejects.toMatchObject({ code: "deflate/failed" });
  });
});

it("all ports of a process together have two jobs in other threads at once", async () => {
  elsewhere.most = 0;
  const begun = elsewhere.begun;
  const ports = [port, new NodeDeflate({ level: 6 }), new NodeDeflate({ level: 9 })];
  const payload = noise(100_000);
  const results = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const own = ports[index % ports.length] ?? port;
      const deflated = await own.deflate(payload, { windowBits: 15, dictionary: undefined });
      return own.inflate(deflated, plain);
    }),
  );
  expect(results.every((result) => Buffer.compare(Buffer.from(result), payload) === 0)).toBe(true);
  expect([elsewhere.most, elsewhere.running, elsewhere.begun - begun]).toEqual([2, 0, 24]);
});
