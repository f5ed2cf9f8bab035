import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { PresenceFeed } from "./presence-feed.js";
import type { PresenceChange } from "./sink.js";

const member = (name: string, state: unknown = null) => ({ member: name, id: "ada", state });

describe("a presence feed", () => {
  let clock: VirtualClock;
  let feed: PresenceFeed;
  let told: PresenceChange[];
  const watcher = { presenceChanged: (change: PresenceChange) => void told.push(change) };
  beforeEach(() => {
    clock = new VirtualClock();
    feed = new PresenceFeed({ channel: "a", turns: clock, membersMax: 2 });
    told = [];
    feed.watch(watcher);
  });

  it("tells what changed in a turn together, when the turn ends", () => {
    feed.join(member("x"));
    feed.join(member("y"));
    expect(told).toEqual([]);
    clock.runTurn();
    feed.leave("x");
    clock.runTurn();
    expect(told).toEqual([
      { kind: "change", channel: "a", joined: [member("x"), member("y")], left: [] },
      { kind: "change", channel: "a", joined: [], left: ["x"] },
    ]);
  });

  it("gives every watcher the same object", () => {
    const others: PresenceChange[] = [];
    feed.watch({ presenceChanged: (change) => void others.push(change) });
    feed.join(member("x"));
    clock.runTurn();
    expect(others[0]).toBe(told[0]);
  });

  it("tells nothing when nothing changed in the end, and asks for one end of the turn only", () => {
    feed.join(member("x"));
    feed.leave("x");
    feed.leave("nobody");
    expect(clock.runTurn()).toBe(true);
    expect(clock.runTurn()).toBe(false);
    expect(told).toEqual([]);
  });

  it("tells nothing to who does not watch any more", () => {
    feed.unwatch(watcher);
    feed.join(member("x"));
    clock.runTurn();
    expect(told).toEqual([]);
  });

  it("has everybody as one object until something changes", () => {
    feed.join(member("x"));
    expect(feed.all).toEqual({ kind: "all", channel: "a", members: [member("x")] });
    expect(feed.all).toBe(feed.all);
    const before = feed.all;
    feed.leave("x");
    expect(feed.all).not.toBe(before);
    expect(feed.size).toBe(0);
  });

  it("refuses more members than it may have, but not a new state", () => {
    feed.join(member("x"));
    feed.join(member("y"));
    expect(() => feed.join(member("z"))).toThrow(
      expect.objectContaining({ code: "hub/too-many-members", retryable: true }),
    );
    feed.join(member("y", 2));
    expect(feed.all.members).toEqual([member("x"), member("y", 2)]);
  });
});
