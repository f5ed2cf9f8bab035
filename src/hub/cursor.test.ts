import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { behind, FakeLog, FakeSink } from "../../test/support/cursor-ground.js";
import { Cursor } from "./cursor.js";
import type { Gap } from "./sink.js";

describe("a cursor", () => {
  let log: FakeLog;
  let sink: FakeSink;
  beforeEach(() => {
    log = new FakeLog();
    sink = new FakeSink();
  });

  const cursorAt = (offset: number): Cursor => {
    const cursor = new Cursor(log, sink, behind(offset));
    cursor.start();
    return cursor;
  };

  it("at the head is live: it takes messages as they are appended, and reads nothing", () => {
    log.head = 4;
    const cursor = cursorAt(4);
    log.append();
    log.append();
    expect(sink.seen).toEqual([5, 6]);
    expect(cursor.isLive).toBe(true);
    expect(cursor.position).toEqual({ epoch: "e", offset: 6 });
    expect(log.reads).toEqual([]);
  });

  it("takes what was appended together up to the message for which there is no room, and reads the rest later", async () => {
    const cursor = cursorAt(0);
    sink.room = 2;
    log.append(3);
    expect([sink.seen, sink.isWaitedFor, log.live.size]).toEqual([[1, 2], true, 0]);
    sink.room = 9;
    cursor.drained();
    await log.answerRead();
    expect(sink.seen).toEqual([1, 2, 3]);
  });

  it("that comes to the head while others are pushed what was appended begins behind that", () => {
    cursorAt(0);
    const late = new FakeSink();
    sink.onMessage = () => {
      if (late.seen.length === 0 && log.live.size === 1) new Cursor(log, late, behind(log.head)).start();
    };
    log.append(2);
    expect([sink.seen, late.seen, log.live.size]).toEqual([[1, 2], [], 2]);
    log.append();
    expect(late.seen).toEqual([3]);
  });

  it("behind the head reads what it missed, joins what is appended meanwhile, and becomes live", async () => {
    log.head = 4;
    const cursor = cursorAt(1);
    log.append();
    await log.answerRead();
    expect(sink.seen).toEqual([2, 3, 4]);
    expect(log.reads).toMatchObject([{ after: 4, until: 5 }]);
    log.append();
    await log.answerRead();
    await log.answerRead();
    log.append();
    expect(sink.seen).toEqual([2, 3, 4, 5, 6, 7]);
    expect(cursor.isLive).toBe(true);
  });

  it("leaves the head when its sink is full, before the message, and comes back when it has drained", async () => {
    const cursor = cursorAt(0);
    sink.room = 1;
    log.append();
    log.append();
    log.append();
    expect(sink.seen).toEqual([1]);
    expect(sink.isWaitedFor).toBe(true);
    expect([...log.live]).toEqual([]);
    sink.room = 9;
    cursor.drained();
    await log.answerRead();
    expect(sink.seen).toEqual([1, 2, 3]);
    expect(cursor.isLive).toBe(true);
  });

  it("reads the next batch when what it handed over has left, not before", async () => {
    log.head = 6;
    sink.isBusy = true;
    const cursor = cursorAt(0);
    await log.answerRead();
    expect(sink.seen).toEqual([1, 2, 3]);
    expect(log.reads).toEqual([]);
    cursor.drained();
    await log.answerRead();
    expect(sink.seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(cursor.isLive).toBe(true);
  });

  it("goes on in the middle of a batch that the sink took a part of", async () => {
    log.head = 3;
    sink.room = 2;
    const cursor = cursorAt(0);
    await log.answerRead();
    sink.room = 9;
    cursor.drained();
    await log.answerRead();
    expect(sink.seen).toEqual([1, 2, 3]);
  });

  it("tells the range that is gone before the oldest message that is left", async () => {
    log.head = 9;
    log.oldest = 8;
    cursorAt(5);
    await log.answerRead();
    expect(sink.seen).toEqual([{ position: { epoch: "e", offset: 7 }, lost: { from: 6, to: 7 } }, 8, 9]);
  });

  it("tells that everything is gone where nothing is kept, and is live", async () => {
    log.head = 9;
    log.oldest = 10;
    const cursor = cursorAt(5);
    await log.answerRead();
    expect(sink.seen).toEqual([{ position: { epoch: "e", offset: 9 }, lost: { from: 6, to: 9 } }]);
    expect(cursor.isLive).toBe(true);
  });

  it("starts once, and drains only when it waits", () => {
    const cursor = cursorAt(0);
    cursor.start();
    cursor.drained();
    log.append();
    expect(sink.seen).toEqual([1]);
  });

  it("that has ended takes nothing more and leaves nothing behind", async () => {
    cursorAt(0).end();
    expect(log.live.size).toBe(0);
    log.append();
    const reading = cursorAt(0);
    reading.end();
    await log.answerRead();
    reading.drained();
    const waiting = new Cursor(log, sink, behind(0));
    waiting.start();
    waiting.end();
    await log.answerRead();
    expect(sink.seen).toEqual([]);
    expect(log.live.size).toBe(0);
    expect(log.reads).toEqual([]);
  });

  it("that its sink ends in the middle of a batch stops there", async () => {
    log.head = 3;
    const cursor = cursorAt(0);
    sink.onMessage = () => cursor.end();
    sink.room = 1;
    await log.answerRead();
    expect(sink.seen).toEqual([1]);
    expect(sink.isWaitedFor).toBe(false);
  });

  it("that its sink ends while it is live takes nothing more, and does not wait", () => {
    const cursor = cursorAt(0);
    sink.onMessage = () => cursor.end();
    sink.room = 0;
    log.append();
    expect([sink.seen, sink.isWaitedFor, log.live.size]).toEqual([[], false, 0]);
  });

  it("ends with an error when the log cannot be read", async () => {
    log.head = 3;
    const cursor = cursorAt(0);
    log.reads[0]?.answer.reject(new Error("bad disk"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(sink.errors).toMatchObject([{ code: "hub/not-read", retryable: true, cause: { message: "bad disk" } }]);
    cursor.drained();
    expect(log.reads).toHaveLength(1);
  });

  it("tells nobody about a failed read when it has ended before", async () => {
    log.head = 3;
    cursorAt(0).end();
    log.reads[0]?.answer.reject(new Error("bad disk"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(sink.errors).toEqual([]);
  });

  it("whose sink throws ends alone: the others are pushed the message", () => {
    cursorAt(0);
    const other = new FakeSink();
    new Cursor(log, other, behind(0)).start();
    sink.onMessage = () => {
      throw new Error("a defect");
    };
    log.append();
    log.append();
    expect(sink.errors).toMatchObject([{ code: "hub/not-read" }]);
    expect(other.seen).toEqual([1, 2]);
    expect(log.live.size).toBe(1);
  });

  it("that begins where nothing is any more says so once, before the first message", async () => {
    log.head = 4;
    log.oldest = 3;
    new Cursor(log, sink, { epoch: "e", offset: 2, isGone: true, policy: { kind: "all" } }).start();
    await log.answerRead();
    expect(sink.seen).toEqual([{ position: { epoch: "e", offset: 2 }, lost: undefined }, 3, 4]);
  });

  it.each([3, 0])("that its sink ends at its first gap stays ended, with %i messages to read", async (behindHead) => {
    log.head = 5;
    const cursor = new Cursor(log, sink, { ...behind(5 - behindHead), isGone: true });
    sink.gap = () => cursor.end();
    cursor.start();
    await log.answerRead();
    expect([sink.seen, log.live.size, log.reads.length]).toEqual([[], 0, 0]);
  });

  it("that its sink ends with the last message it reads stays ended", async () => {
    log.head = 2;
    const cursor = cursorAt(0);
    sink.onMessage = () => void (sink.seen.length === 1 && cursor.end());
    await log.answerRead();
    log.append();
    expect([sink.seen, log.live.size]).toEqual([[1, 2], 0]);
  });

  it("that was placed in an epoch which was lost before it began says so", async () => {
    log.epoch = "f";
    log.head = 5;
    new Cursor(log, sink, behind(5)).start();
    await log.answerRead();
    expect(sink.seen.slice(0, 2)).toEqual([{ position: { epoch: "f", offset: 0 }, lost: undefined }, 1]);
  });

  it("tells its owner that it ended by itself, before the sink, but not when it was ended", () => {
    const told: string[] = [];
    const owner = { cursorEnded: (): void => void told.push("owner") };
    sink.ended = () => void told.push("sink");
    sink.tooSlow = () => void told.push("sink");
    new Cursor(log, sink, { ...behind(0), owner }).fail(new Error("a defect"));
    const slow = new Cursor(log, sink, { ...behind(0, { kind: "disconnect" }), owner });
    slow.start();
    sink.room = 0;
    log.append();
    const ended = new Cursor(log, sink, { ...behind(1), owner });
    ended.end();
    ended.fail(new Error("a defect"));
    expect(told).toEqual(["owner", "sink", "owner", "sink"]);
  });

  it("hands over every message once and in order, or says which are gone, however it all interleaves", async () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 1, max: 3 }).map((append) => ({ append })) },
        { weight: 3, arbitrary: fc.constant("answer" as const) },
        { weight: 2, arbitrary: fc.nat(3).map((room) => ({ room })) },
        { weight: 1, arbitrary: fc.constant("trim" as const) },
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(5), fc.boolean(), async (script, head, isBusy) => {
        const history = new FakeLog();
        const reader = new FakeSink();
        history.head = head;
        reader.isBusy = isBusy;
        const cursor = new Cursor(history, reader, behind(0));
        cursor.start();
        for (const step of script) {
          if (step === "answer") await history.answerRead();
          else if (step === "trim") history.oldest = Math.min(history.oldest + 1, history.head + 1);
          else if ("append" in step) history.append(step.append);
          else {
            reader.room = step.room;
            cursor.drained();
          }
        }
        reader.room = Number.POSITIVE_INFINITY;
        while (!cursor.isLive) {
          cursor.drained();
          await history.answerRead();
        }
        expect(toldOffsets(reader.seen)).toEqual(Array.from({ length: history.head }, (_, index) => index + 1));
      }),
    );
  });
});

/** Every offset that a subscriber knows about, seen or told to be lost, as it learned of them. */
function toldOffsets(seen: readonly (number | Gap)[]): number[] {
  return seen.flatMap((item) => {
    if (typeof item === "number") return [item];
    const { from, to } = item.lost ?? { from: 0, to: 0 };
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
