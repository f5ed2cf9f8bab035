import { describe, expect, it } from "vitest";
import { nodeTextCodec as text } from "../adapters/node/text-codec.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { bytesOf, type Frames } from "../protocol/frames.js";
import { FrameWriter, type Frame } from "../protocol/frame-writer.js";
import { SeededRandom } from "../testing/seeded-random.js";
import type { Deflate } from "./ports.js";
import { PreparedMessage } from "./prepared-message.js";

/** A writer that counts its frames. */
class CountingWriter extends FrameWriter {
  frames = 0;

  constructor() {
    super({ isMasked: false, text, random: new SeededRandom(1) });
  }

  override write(frame: Frame, output: Frames): void {
    this.frames++;
    super.write(frame, output);
  }
}

/** A port that "compresses" to a byte for each job, and counts. */
function countingDeflate(isElsewhere: boolean): { deflate: Deflate; jobs: Deferred<Uint8Array>[] } {
  const jobs: Deferred<Uint8Array>[] = [];
  return {
    jobs,
    deflate: {
      deflate: () => {
        const job = deferred<Uint8Array>();
        jobs.push(job);
        return isElsewhere ? job.promise : new Uint8Array([jobs.length]);
      },
      inflate: () => "invalid",
    },
  };
}

describe("a prepared message", () => {
  it.each([
    ["text", "zwölf", [0x81, 6, ...Buffer.from("zwölf")]],
    ["bytes", new Uint8Array([1, 2]), [0x82, 2, 1, 2]],
    ["an empty text", "", [0x81, 0]],
  ])("is framed once: %s", (_, data, frame) => {
    const writer = new CountingWriter();
    const message = new PreparedMessage(data);
    for (let socket = 0; socket < 1000; socket++) {
      expect(Buffer.concat(message.plain(writer).map(bytesOf))).toEqual(Buffer.from(frame));
    }
    expect(writer.frames).toBe(1);
  });

  it("is measured and encoded once", () => {
    let encoded = 0;
    let measured = 0;
    const counting = {
      ...text,
      byteLength: (data: string): number => {
        measured++;
        return text.byteLength(data);
      },
      encodeInto: (data: string, target: Uint8Array, offset: number): number => {
        encoded++;
        return text.encodeInto(data, target, offset);
      },
    };
    const message = new PreparedMessage("zwölf");
    expect([message.byteLength(counting), message.byteLength(counting), measured]).toEqual([6, 6, 1]);
    expect([message.bytes(counting), message.bytes(counting)[1], encoded]).toEqual([
      new Uint8Array(Buffer.from("zwölf")),
      0x77,
      1,
    ]);
    const data = new Uint8Array(3);
    expect(new PreparedMessage(data).bytes(counting)).toBe(data);
    expect(new PreparedMessage(data).byteLength(counting)).toBe(3);
  });

  it.each(["at once", "elsewhere"])("is compressed once for each window, when that is done %s", async (where) => {
    const writer = new CountingWriter();
    const { deflate, jobs } = countingDeflate(where === "elsewhere");
    const message = new PreparedMessage("Hello");
    const frames = [15, 9, 15, 15].map((windowBits) => message.deflated({ deflate, text, windowBits, writer }));
    expect(jobs).toHaveLength(2);
    expect(frames.filter((frame) => frame instanceof Promise)).toHaveLength(where === "elsewhere" ? 4 : 0);
    jobs[0]?.resolve(new Uint8Array([1]));
    jobs[1]?.resolve(new Uint8Array([2]));
    const bytes: Uint8Array[] = [];
    for (const frame of frames) bytes.push(Buffer.concat((await frame).map(bytesOf)));
    const wide = Buffer.from([0xc1, 1, 1]);
    const narrow = Buffer.from([0xc1, 1, 2]);
    expect(bytes).toEqual([wide, narrow, wide, wide]);
    expect(message.deflated({ deflate, text, windowBits: 9, writer })).not.toBeInstanceOf(Promise);
    expect([jobs.length, writer.frames]).toEqual([2, 2]);
  });

  it("is compressed anew after that failed", async () => {
    const writer = new CountingWriter();
    const { deflate, jobs } = countingDeflate(true);
    const message = new PreparedMessage(new Uint8Array(3));
    const options = { deflate, text, windowBits: 15, writer };
    const both = [message.deflated(options), message.deflated(options)];
    jobs[0]?.reject(new BusbarError("deflate/failed", "no memory"));
    for (const frame of both) await expect(frame).rejects.toMatchObject({ code: "deflate/failed" });
    const again = message.deflated(options);
    jobs[1]?.resolve(new Uint8Array([7]));
    expect((await again).map(bytesOf)).toEqual([new Uint8Array([0xc2, 1, 7])]);
  });

  it("is text or bytes", () => {
    const message = new ArrayBuffer(4) as unknown as Uint8Array;
    expect(() => new PreparedMessage(message)).toThrow(expect.objectContaining({ code: "websocket/not-a-message" }));
  });
});
