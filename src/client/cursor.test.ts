import { describe, expect, it } from "vitest";
import type { SubscribeFrom, SubscribePolicy } from "../wire/messages.js";
import { Cursor, joinGaps, subscribeFrom, type Gap } from "./cursor.js";

const push = (offset: number) => ({ push: "message", channel: "a", offset, data: offset, from: "ada", at: 0 }) as const;
const at = (offset: number, epoch = "e") => ({ epoch, offset });

/** A cursor, what it tells at once, and a reader who takes every message: its offset, or with a gap [offset, gap]. */
function begin(from: SubscribeFrom, policy: SubscribePolicy["kind"] = "all") {
  const gaps: Gap[] = [];
  const cursor = new Cursor(from, policy, (gap) => gaps.push(gap));
  const read = (offset: number): unknown => {
    const message = cursor.read(push(offset));
    if (message === undefined) return undefined;
    cursor.advance(message);
    return message.gap === undefined ? offset : [offset, message.gap];
  };
  return { cursor, gaps, read };
}

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
    const { cursor, read } = begin({ last: 2 });
    expect(cursor.from).toEqual({ last: 2 });
    cursor.begin(at(8));
    expect(cursor.from).toEqual(at(8));
    expect(read(9)).toBe(9);
    expect(cursor.from).toEqual(at(9));
  });

  it("makes of a push what its reader gets", () => {
    const { cursor } = begin(at(4));
    cursor.begin(at(4));
    expect(cursor.read(push(5))).toEqual({ data: 5, position: at(5), from: "ada", at: 0, gap: undefined });
  });

  it("stays where it is until its reader has the message", () => {
    const { cursor } = begin(at(4));
    cursor.begin(at(4));
    cursor.read(push(5));
    expect(cursor.from).toEqual(at(4));
  });

  it("takes no message before its subscription has begun", () => {
    expect(begin("now").read(1)).toBeUndefined();
  });

  it("drops repetitions", () => {
    const { cursor, read } = begin(at(4));
    cursor.begin(at(4));
    expect([4, 5, 5, 3, 6].map(read)).toEqual([undefined, 5, undefined, undefined, 6]);
  });

  it("tells offsets that are missing at once, and with the message", () => {
    const { cursor, gaps, read } = begin(at(4));
    cursor.begin(at(4));
    const gap = { position: at(6), lost: { from: 5, to: 6 } };
    expect([read(7), read(8)]).toEqual([[7, gap], 8]);
    expect(gaps).toEqual([gap]);
  });

  it("lets offsets jump where only the newest counts, and believes the server about gaps", () => {
    const { cursor, gaps, read } = begin(at(4), "latest");
    cursor.begin(at(4));
    expect(read(7)).toBe(7);
    cursor.readGap({ push: "gap", channel: "a", position: at(9), lost: { from: 8, to: 9 } });
    expect(read(12)).toEqual([12, { position: at(9), lost: { from: 8, to: 9 } }]);
    expect(gaps).toHaveLength(1);
  });

  it("goes on where the server says the log goes on", () => {
    const { cursor, gaps, read } = begin(at(4));
    cursor.begin(at(10));
    const gap = { position: at(10), lost: { from: 5, to: 10 } };
    cursor.readGap({ push: "gap", channel: "a", ...gap });
    expect([gaps, read(11)]).toEqual([[gap], [11, gap]]);
  });

  it("follows into a new epoch, whose offsets begin anew", () => {
    const { cursor, read } = begin(at(40));
    cursor.begin(at(0, "f"));
    cursor.readGap({ push: "gap", channel: "a", position: at(0, "f") });
    expect(cursor.from).toEqual(at(0, "f"));
    expect(read(1)).toEqual([1, { position: at(0, "f") }]);
    expect(cursor.from).toEqual(at(1, "f"));
  });

  it("still asks from its reader's place when the connection is cut before the gap was told", () => {
    const { cursor } = begin(at(40));
    cursor.begin(at(0, "f"));
    expect(cursor.from).toEqual(at(40));
  });

  it("tells the next message's reader of a gap that was told before a cut", () => {
    const { cursor, gaps, read } = begin(at(4));
    cursor.begin(at(10));
    cursor.readGap({ push: "gap", channel: "a", position: at(10), lost: { from: 5, to: 10 } });
    cursor.begin(at(20));
    cursor.readGap({ push: "gap", channel: "a", position: at(20), lost: { from: 11, to: 20 } });
    expect(read(21)).toEqual([21, { position: at(20), lost: { from: 5, to: 20 } }]);
    expect(gaps).toHaveLength(2);
  });

  it("tells a gap by itself when the server went on elsewhere and did not", () => {
    const epochs = begin(at(40));
    epochs.cursor.begin(at(0, "f"));
    expect(epochs.read(1)).toEqual([1, { position: at(0, "f") }]);
    const offsets = begin(at(4));
    offsets.cursor.begin(at(10));
    expect(offsets.read(11)).toEqual([11, { position: at(10), lost: { from: 5, to: 10 } }]);
  });
});

describe("gaps without a message between them", () => {
  const known = { position: at(4), lost: { from: 2, to: 4 } };
  const unknown = { position: at(0, "f") };

  it.each([
    [undefined, undefined, undefined],
    [known, undefined, known],
    [undefined, known, known],
    [known, { position: at(9), lost: { from: 5, to: 9 } }, { position: at(9), lost: { from: 2, to: 9 } }],
    [known, unknown, unknown],
    [unknown, { position: at(3, "f"), lost: { from: 1, to: 3 } }, { position: at(3, "f") }],
  ])("%j and %j are %j", (one, other, expected) => {
    expect(joinGaps(one, other)).toEqual(expected);
  });
});
