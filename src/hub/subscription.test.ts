import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { Cursor, CursorLog, Policy } from "./cursor.js";
import { PresenceFeed } from "./presence-feed.js";
import type { Sink } from "./sink.js";
import { Subscription } from "./subscription.js";

class FakeSink implements Sink {
  readonly seen: unknown[] = [];
  isBusy = false;
  hasRoom = true;
  waitsCount = 0;

  message({ offset }: { offset: number }): boolean {
    if (this.hasRoom) this.seen.push(offset);
    return this.hasRoom;
  }

  gap(gap: unknown): void {
    this.seen.push(gap);
  }

  presence(update: unknown): boolean {
    if (this.hasRoom) this.seen.push(update);
    return this.hasRoom;
  }

  waits(): void {
    this.waitsCount++;
  }

  tooSlow(): void {
    this.seen.push("too slow");
  }

  ended(): void {
    this.seen.push("ended");
  }
}

describe("a subscription", () => {
  let clock: VirtualClock;
  let presence: PresenceFeed;
  let sink: FakeSink;
  let endings: number;
  const live = new Set<Cursor>();
  const log: CursorLog = {
    epoch: "e",
    head: 3,
    read: async () => [],
    addLive: (cursor) => void live.add(cursor),
    removeLive: (cursor) => void live.delete(cursor),
  };
  const member = (name: string) => ({ member: name, id: "ada", state: null });
  const all = (...names: string[]) => ({ kind: "all", channel: "a", members: names.map(member) });
  beforeEach(() => {
    clock = new VirtualClock();
    presence = new PresenceFeed({
      channel: "a",
      clock,
      limits: { membersMax: 9, leaseMs: 30_000 },
      onChange: () => {},
      onEmpty: () => {},
    });
    sink = new FakeSink();
    endings = 0;
    live.clear();
  });

  const subscribe = (isGone: boolean, hasPresence: boolean, policy: Policy = { kind: "all" }): Subscription => {
    const place = { epoch: "e", offset: 3, isGone };
    const options = {
      log,
      sink,
      place,
      policy,
      presence: hasPresence ? presence : undefined,
      onEnd: () => void endings++,
    };
    const subscription = new Subscription(options);
    subscription.start();
    return subscription;
  };

  it("begins with who is there, the gap, and then the messages", () => {
    presence.join(member("x"));
    const subscription = subscribe(true, true);
    for (const cursor of live) cursor.push([{ channel: "a", offset: 4, payload: "0", from: "ada", at: 0 }]);
    expect(sink.seen).toEqual([all("x"), { position: { epoch: "e", offset: 3 }, lost: undefined }, 4]);
    expect(subscription.position).toEqual({ epoch: "e", offset: 4 });
    expect(subscription.head).toBe(3);
  });

  it("says nothing about presence where the channel has none", () => {
    const subscription = subscribe(false, false);
    presence.join(member("x"));
    clock.advance(50);
    subscription.drained();
    expect(sink.seen).toEqual([]);
  });

  it("passes changes of presence on", () => {
    subscribe(false, true);
    presence.join(member("x"));
    clock.advance(50);
    expect(sink.seen).toEqual([all(), { kind: "change", channel: "a", joined: [member("x")], left: [] }]);
  });

  it("gives a sink that was full the whole presence when it has room, instead of the changes it missed", () => {
    const subscription = subscribe(false, true);
    sink.hasRoom = false;
    for (const name of ["x", "y"]) {
      presence.join(member(name));
      clock.advance(50);
    }
    expect(sink.waitsCount).toBe(1);
    subscription.drained();
    expect(sink.waitsCount).toBe(2);
    sink.hasRoom = true;
    subscription.drained();
    subscription.drained();
    expect(sink.seen).toEqual([all(), all("x", "y")]);
  });

  it("that has ended is quiet, and has given everything back once", () => {
    const subscription = subscribe(false, true);
    sink.hasRoom = false;
    presence.join(member("x"));
    clock.advance(50);
    subscription.end();
    subscription.end();
    sink.hasRoom = true;
    subscription.drained();
    presence.leave("x");
    clock.advance(50);
    expect(sink.seen).toEqual([all()]);
    expect([endings, live.size]).toEqual([1, 0]);
  });

  it("whose sink throws at a change of presence ends alone, and gives everything back", () => {
    subscribe(false, true);
    const others: unknown[] = [];
    presence.watch({ presenceChanged: (change) => void others.push(change) });
    sink.presence = () => {
      throw new Error("a defect");
    };
    presence.join(member("x"));
    clock.advance(50);
    expect(sink.seen.at(-1)).toBe("ended");
    expect([others.length, endings, live.size, presence.watcherCount]).toEqual([1, 1, 0, 1]);
  });

  it("whose policy is to disconnect hears nothing any more once its sink was too slow, not of presence either", () => {
    const subscription = subscribe(false, true, { kind: "disconnect" });
    sink.hasRoom = false;
    for (const cursor of live) cursor.push([{ channel: "a", offset: 4, payload: "0", from: "ada", at: 0 }]);
    sink.hasRoom = true;
    presence.join(member("x"));
    clock.advance(50);
    subscription.drained();
    subscription.end();
    expect(sink.seen).toEqual([all(), "too slow"]);
    expect([endings, live.size, presence.watcherCount]).toEqual([1, 0, 0]);
  });
});
