import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { PresenceFeed } from "./presence-feed.js";
import type { PresenceChange } from "./sink.js";

const member = (name: string, state: unknown = null) => ({ member: name, id: "ada", state });

describe("a presence feed", () => {
  let clock: VirtualClock;
  let feed: PresenceFeed;
  let told: PresenceChange[];
  let kept: [string, unknown][];
  let emptied: number;
  const watcher = { presenceChanged: (change: PresenceChange) => void told.push(change) };
  beforeEach(() => {
    clock = new VirtualClock();
    told = [];
    kept = [];
    emptied = 0;
    feed = new PresenceFeed({
      channel: "a",
      clock,
      limits: { membersMax: 2, leaseMs: 30_000 },
      onChange: (name, state) => void kept.push([name, state]),
      onEmpty: () => void emptied++,
    });
    feed.watch(watcher);
  });

  it("tells what changed within a moment together", () => {
    feed.join(member("x"));
    clock.advance(49);
    feed.join(member("y"));
    expect(told).toEqual([]);
    clock.advance(1);
    feed.leave("x");
    clock.advance(50);
    expect(told).toEqual([
      { kind: "change", channel: "a", joined: [member("x"), member("y")], left: [] },
      { kind: "change", channel: "a", joined: [], left: ["x"] },
    ]);
    expect(kept).toEqual([
      ["x", member("x")],
      ["y", member("y")],
      ["x", undefined],
    ]);
  });

  it("gives every watcher the same object, and counts them", () => {
    const others: PresenceChange[] = [];
    feed.watch({ presenceChanged: (change) => void others.push(change) });
    feed.join(member("x"));
    clock.advance(50);
    expect(others[0]).toBe(told[0]);
    expect(feed.watcherCount).toBe(2);
  });

  it("tells nothing when nothing changed in the end", () => {
    feed.join(member("x"));
    feed.leave("x");
    feed.leave("nobody");
    clock.advance(1000);
    expect(told).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  it("tells nothing to who does not watch any more", () => {
    feed.unwatch(watcher);
    feed.join(member("x"));
    clock.advance(50);
    expect(told).toEqual([]);
  });

  it.each([
    [200, 200],
    [5000, 1000],
  ])("tells %i watchers at most every %i ms", (watchers, everyMs) => {
    const times: number[] = [];
    for (let index = 2; index < watchers; index++) feed.watch({ presenceChanged: () => {} });
    feed.watch({ presenceChanged: () => void times.push(clock.now()) });
    for (let ms = 0; ms < 3000; ms += 10) {
      feed.join(member("x", ms));
      clock.advance(10);
    }
    expect(times[0]).toBe(50);
    for (const [index, time] of times.entries()) if (index > 0) expect(time - (times[index - 1] ?? 0)).toBe(everyMs);
    expect(times.length).toBeGreaterThan(2);
  });

  it("has everybody as one object until something changes", () => {
    feed.join(member("x"));
    expect(feed.snapshot()).toEqual({ kind: "all", channel: "a", members: [member("x")] });
    expect(feed.snapshot()).toBe(feed.snapshot());
    const before = feed.snapshot();
    feed.leave("x");
    expect(feed.snapshot()).not.toBe(before);
    expect(feed.size).toBe(0);
  });

  it("refuses more members than it may have, but not a new state", () => {
    feed.join(member("x"));
    feed.join(member("y"));
    expect(() => feed.join(member("z"))).toThrow(
      expect.objectContaining({ code: "hub/too-many-members", retryable: true }),
    );
    feed.join(member("y", 2));
    expect(feed.snapshot().members).toEqual([member("x"), member("y", 2)]);
  });

  it("refuses a name that somebody else is present under", () => {
    feed.join(member("x"));
    expect(() => feed.join({ ...member("x"), id: "bob" })).toThrow(
      expect.objectContaining({ code: "hub/not-your-member" }),
    );
  });

  describe("with a member whose connection is gone", () => {
    beforeEach(() => {
      feed.join(member("x"));
      clock.advance(50);
      told = [];
      kept = [];
      feed.lapse("x");
      feed.lapse("x");
      feed.lapse("nobody");
    });

    it("tells nothing when it comes back in time with the same state", () => {
      clock.advance(29_999);
      feed.join(member("x"));
      clock.advance(100_000);
      expect([told, kept, feed.size, clock.timerCount]).toEqual([[], [], 1, 0]);
    });

    it("tells its new state when it comes back with one", () => {
      feed.join(member("x", "back"));
      clock.advance(50);
      expect(told).toMatchObject([{ joined: [member("x", "back")], left: [] }]);
    });

    it("tells once that it left when its time is over", () => {
      clock.advance(30_050);
      clock.advance(100_000);
      expect(told).toEqual([{ kind: "change", channel: "a", joined: [], left: ["x"] }]);
      expect([kept, emptied, feed.size]).toEqual([[["x", undefined]], 1, 0]);
    });

    it("is not empty while somebody else is there", () => {
      feed.join(member("y"));
      clock.advance(40_000);
      expect([emptied, feed.size]).toEqual([0, 1]);
    });

    it("has nobody leave any more once it is closed, and no timer", () => {
      feed.join(member("y"));
      feed.close();
      clock.advance(100_000);
      expect([told, feed.size, clock.timerCount]).toEqual([[], 2, 0]);
    });
  });

  it("takes in who was there before as members whose connections are gone, and tells nobody of it", () => {
    feed.remember([member("x", "before"), member("y")]);
    clock.advance(50);
    expect([told, kept]).toEqual([[], []]);
    expect(feed.snapshot().members).toEqual([member("x", "before"), member("y")]);
    feed.join(member("x", "before"));
    clock.advance(30_000);
    expect(told).toMatchObject([{ left: ["y"] }]);
  });

  it("has whatever remembers the members know how it is, whenever that remembers something else", () => {
    feed.join(member("x", "now"));
    feed.remember([member("x", "before")]);
    expect(kept.slice(1)).toEqual([["x", member("x", "now")]]);
    feed.join(member("y"));
    kept = [];
    feed.remember([member("x", "now"), member("gone")]);
    expect(kept).toEqual([
      ["gone", undefined],
      ["y", member("y")],
    ]);
    kept = [];
    feed.remember([member("x", "now"), { ...member("y"), id: "bob" }]);
    expect(kept).toEqual([["y", member("y")]]);
  });

  it("that is closed starts no timer any more", () => {
    feed.join(member("x"));
    feed.close();
    feed.join(member("y"));
    feed.lapse("x");
    expect(clock.timerCount).toBe(0);
    clock.advance(60_000);
    expect([told, feed.size]).toEqual([[], 2]);
  });
});
