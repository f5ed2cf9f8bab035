import { describe, expect, it } from "vitest";
import { Cursor, subscribeFrom, type ReadItem } from "./cursor.js";

const push = (offset: number) => ({ push: "message", channel: "a", offset, data: offset, from: "ada", at: 0 }) as const;
const at = (offset: number, epoch = "e") => ({ epoch, offset });

/** Items in short: 5, or [2,4] for a gap with its range, or "gap>6" for one without. */
const short = (items: readonly ReadItem<unknown>[]): unknown[] =>
  items.map((item) => {
    if (item.type === "message") return item.position.offset;
    return item.lost === undefined
      ? `gap>${item.position.epoch}:${item.position.offset}`
      : [item.lost.from, item.lost.to];
  });

describe("where reading begins", () => {
  it("is told in the wire's form", () => {
    expect(subscribeFrom("now")).toBe("now");
    expect(subscribeFrom("start")).toBe("start");
    expect(subscribeFrom("last 50")).toEqual({ last: 50 });
    expect(subscribeFrom({ epoch: "e", offset: 3 })).toEqual({ epoch: "e", offset: 3 });
  });

  it.each(["last -1", "last x", "last 1.5", "last 9999999999999999", "yesterday", ""])("cannot be %j", (from) => {
    // @ts-expect-error whoever writes JavaScript can pass anything
    expect(() => subscribeFrom(from)).toThrow(expect.objectContaining({ code: "subscription/invalid-from" }));
  });
});

describe("a cursor", () => {
  it("asks for what its reader asked for until the server has answered, then for what is behind the last message", () => {
    const cursor = new Cursor({ last: 2 });
    expect(cursor.from).toEqual({ last: 2 });
    cursor.begin(at(8));
    expect(cursor.from).toEqual(at(8));
    expect(short(cursor.accept(push(9)))).toEqual([9]);
    expect(cursor.from).toEqual(at(9));
  });

  it("takes no message before its subscription has begun", () => {
    expect(new Cursor("now").accept(push(1))).toEqual([]);
  });

  it("drops repetitions", () => {
    const cursor = new Cursor(at(4));
    cursor.begin(at(4));
    expect(short([4, 5, 5, 3, 6].flatMap((offset) => cursor.accept(push(offset))))).toEqual([5, 6]);
  });

  it("tells offsets that are missing as a gap before the message", () => {
    const cursor = new Cursor(at(4));
    cursor.begin(at(4));
    expect(cursor.accept(push(7))).toEqual([
      { type: "gap", position: at(6), lost: { from: 5, to: 6 } },
      { type: "message", data: 7, position: at(7), from: "ada", at: 0 },
    ]);
  });

  it("goes on where the server says the log goes on", () => {
    const cursor = new Cursor(at(4));
    cursor.begin(at(10));
    const gap = { push: "gap", channel: "a", position: at(10), lost: { from: 5, to: 10 } } as const;
    expect(cursor.acceptGap(gap)).toEqual({ type: "gap", position: at(10), lost: { from: 5, to: 10 } });
    expect(short(cursor.accept(push(11)))).toEqual([11]);
  });

  it("follows into a new epoch, whose offsets begin anew", () => {
    const cursor = new Cursor(at(40));
    cursor.begin(at(0, "f"));
    expect(short([cursor.acceptGap({ push: "gap", channel: "a", position: at(0, "f") })])).toEqual(["gap>f:0"]);
    expect(short(cursor.accept(push(1)))).toEqual([1]);
    expect(cursor.from).toEqual(at(1, "f"));
  });

  it("still asks from its reader's place when the connection is cut before the gap was told", () => {
    const cursor = new Cursor(at(40));
    cursor.begin(at(0, "f"));
    expect(cursor.from).toEqual(at(40));
  });

  it("tells a gap by itself when the server went on elsewhere and did not", () => {
    const epochs = new Cursor(at(40));
    epochs.begin(at(0, "f"));
    expect(short(epochs.accept(push(1)))).toEqual(["gap>f:0", 1]);
    const offsets = new Cursor(at(4));
    offsets.begin(at(10));
    expect(short(offsets.accept(push(11)))).toEqual([[5, 10], 11]);
  });
});
