import { beforeEach, describe, expect, it } from "vitest";
import { behind, FakeLog, FakeSink } from "../support/cursor-ground.js";
import { Cursor, type Policy } from "../../src/hub/cursor.js";

describe("a cursor", () => {
  let log: FakeLog;
  let sink: FakeSink;
  beforeEach(() => {
    log = new FakeLog();
    sink = new FakeSink();
  });

  const cursorAt = (offset: number, policy?: Policy): Cursor => {
    const cursor = new Cursor(log, sink, behind(offset, policy));
    cursor.start();
    return cursor;
  };

  describe("of a log that was opened anew", () => {
    it("reads what it was not pushed", async () => {
      const cursor = cursorAt(0);
      log.head = 2;
      cursor.logChanged();
      await log.answerRead();
      expect([sink.seen, cursor.isLive]).toEqual([[1, 2], true]);
      const idle = new Cursor(log, sink, behind(2));
      idle.logChanged();
      expect(log.live.size).toBe(1);
    });

    it("is told of another epoch once, and given what there is of it", async () => {
      log.head = 5;
      const cursor = cursorAt(5);
      log.epoch = "f";
      log.head = 4;
      log.oldest = 3;
      cursor.logChanged();
      await log.answerRead();
      expect(sink.seen).toEqual([{ position: { epoch: "f", offset: 2 }, lost: undefined }, 3, 4]);
      expect(cursor.position).toEqual({ epoch: "f", offset: 4 });
    });

    it("ends alone when its sink throws, so that the others are told as well", () => {
      cursorAt(0);
      sink.gap = () => {
        throw new Error("a defect");
      };
      for (const cursor of log.live) {
        log.epoch = "f";
        cursor.logChanged();
      }
      expect([sink.errors.length, log.live.size]).toEqual([1, 0]);
    });

    it("is told of another epoch at once where it ends at that", () => {
      const cursor = cursorAt(0);
      sink.gap = () => cursor.end();
      log.epoch = "f";
      cursor.logChanged();
      expect(log.live.size).toBe(0);
    });

    it("is told of another epoch at once where there is nothing of it yet", () => {
      log.head = 5;
      const cursor = cursorAt(5);
      log.epoch = "f";
      log.head = 0;
      cursor.logChanged();
      expect(sink.seen).toEqual([{ position: { epoch: "f", offset: 0 }, lost: undefined }]);
      expect(cursor.isLive).toBe(true);
    });

    it("throws away what it was just reading of the old epoch", async () => {
      log.head = 3;
      cursorAt(0);
      log.epoch = "f";
      log.head = 1;
      await log.answerRead();
      expect(sink.seen).toEqual([]);
      await log.answerRead();
      expect(sink.seen).toEqual([{ position: { epoch: "f", offset: 0 }, lost: undefined }, 1]);
    });

    it("stays ended when it ended while it was read", async () => {
      log.head = 3;
      const cursor = cursorAt(0);
      log.epoch = "f";
      cursor.end();
      await log.answerRead();
      expect([sink.seen, log.reads]).toEqual([[], []]);
    });
  });

  describe("whose policy is to disconnect", () => {
    it("ends with its sink too slow, when it is live", () => {
      const cursor = cursorAt(0, { kind: "disconnect" });
      sink.room = 1;
      log.append();
      log.append();
      log.append();
      expect([sink.seen, sink.isTooSlow, sink.isWaitedFor, log.live.size]).toEqual([[1], true, false, 0]);
      cursor.drained();
      expect(log.reads).toEqual([]);
    });

    it("waits for its sink while it catches up: history is no reason to be cut off", async () => {
      log.head = 3;
      sink.room = 1;
      const cursor = cursorAt(0, { kind: "disconnect" });
      await log.answerRead();
      sink.room = 9;
      cursor.drained();
      await log.answerRead();
      expect([sink.seen, sink.isTooSlow]).toEqual([[1, 2, 3], false]);
    });
  });

  describe("whose policy is the latest", () => {
    const answerAll = async (): Promise<void> => {
      while (log.reads.length > 0) {
        await log.answerRead();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };

    it("hands over all while there is room, and only the newest of what came while there was none", async () => {
      const cursor = cursorAt(0, { kind: "latest" });
      sink.room = 1;
      for (let count = 0; count < 9; count++) log.append();
      sink.room = 9;
      cursor.drained();
      await answerAll();
      expect([sink.seen, cursor.isLive]).toEqual([[1, 9], true]);
      log.append();
      expect(sink.seen).toEqual([1, 9, 10]);
    });

    it("reads history wholly", async () => {
      log.head = 7;
      cursorAt(0, { kind: "latest" });
      await answerAll();
      expect(sink.seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    it("hands over the newest of each key, in the log's order", async () => {
      log.payloads = (offset) => JSON.stringify({ symbol: ["a", "b", "c"][offset % 3], offset });
      const cursor = cursorAt(0, { kind: "latest", key: "symbol" });
      sink.room = 0;
      for (let count = 0; count < 10; count++) log.append();
      sink.room = 2;
      cursor.drained();
      await answerAll();
      expect(sink.seen).toEqual([8, 9]);
      log.append();
      sink.room = 9;
      cursor.drained();
      await answerAll();
      expect([sink.seen, cursor.isLive]).toEqual([[8, 9, 10, 11], true]);
    });

    it("reads history wholly also where its sink is busy with it, which is not full", async () => {
      log.head = 7;
      sink.isBusy = true;
      const cursor = cursorAt(0, { kind: "latest" });
      for (let batch = 0; batch < 3; batch++) {
        await answerAll();
        cursor.drained();
      }
      expect(sink.seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    it("goes on thinning out where the sink is busy with that", async () => {
      const cursor = cursorAt(0, { kind: "latest" });
      sink.room = 0;
      for (let count = 0; count < 4; count++) log.append();
      sink.room = 9;
      sink.isBusy = true;
      cursor.drained();
      log.append();
      log.append();
      await log.answerRead();
      cursor.drained();
      await answerAll();
      expect(sink.seen).toEqual([4, 6]);
    });

    it.each([undefined, "symbol"])("is told of another epoch before its first message (key: %s)", async (key) => {
      const cursor = cursorAt(0, key === undefined ? { kind: "latest" } : { kind: "latest", key });
      sink.room = 0;
      log.append();
      log.epoch = "f";
      log.head = 4;
      sink.room = 9;
      cursor.drained();
      await answerAll();
      expect(sink.seen).toEqual([{ position: { epoch: "f", offset: 0 }, lost: undefined }, 4]);
    });

    it("says with a key what is lost, which may have been the newest of its key", async () => {
      const cursor = cursorAt(0, { kind: "latest", key: "symbol" });
      sink.room = 0;
      for (let count = 0; count < 4; count++) log.append();
      log.oldest = 3;
      sink.room = 9;
      cursor.drained();
      await answerAll();
      expect(sink.seen).toEqual([{ position: { epoch: "e", offset: 2 }, lost: { from: 1, to: 2 } }, 4]);
    });

    it("says what is lost where the newest is gone", async () => {
      const cursor = cursorAt(0, { kind: "latest" });
      sink.room = 0;
      log.append();
      log.append();
      log.oldest = 3;
      sink.room = 9;
      cursor.drained();
      await answerAll();
      expect(sink.seen).toEqual([{ position: { epoch: "e", offset: 2 }, lost: { from: 1, to: 2 } }]);
      expect(cursor.isLive).toBe(true);
    });
  });
});
