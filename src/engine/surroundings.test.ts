import { describe, expect, it } from "vitest";
import { silentLogger } from "../kernel/logger.js";
import { opcodes } from "../protocol/frame-header.js";
import { bytesOf, Frames } from "../protocol/frames.js";
import { surroundingsOf } from "./surroundings.js";
import { LogBook } from "../../test/support/engine-ground.js";

describe("what sockets need of this machine", () => {
  it("is shared by all sockets: one wheel of timers, one turn, one compressor for a level", () => {
    const one = surroundingsOf("server", { compression: { level: 2 } });
    const other = surroundingsOf("client", { compression: { level: 2 } });
    expect(other.clock).toBe(one.clock);
    expect(other.turns).toBe(one.turns);
    expect(other.deflate).toBe(one.deflate);
    expect(surroundingsOf("client", {}).deflate).not.toBe(one.deflate);
  });

  it("masks a client's frames and not a server's", () => {
    const written = (["client", "server"] as const).map((role) => {
      const frames = new Frames();
      surroundingsOf(role, {}).writer.write({ opcode: opcodes.text, payload: "a" }, frames);
      return Buffer.concat(frames.take().map(bytesOf));
    });
    expect(written.map((frame) => (frame.readUInt8(1) & 0x80) !== 0)).toEqual([true, false]);
  });

  it("logs where it is told to, and otherwise nowhere", () => {
    const logger = new LogBook();
    expect(surroundingsOf("server", { logger }).logger).toBe(logger);
    expect(surroundingsOf("server", {}).logger).toBe(silentLogger);
  });
});
