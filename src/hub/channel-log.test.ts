import { beforeEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { ChannelLog } from "./channel-log.js";
import { Cursor } from "./cursor.js";
import type { Draft, Message, Origin, Store } from "./store.js";

const draft = (payload: string, origin?: Origin): Draft => ({ payload, from: "ada", at: Date.UTC(2025, 0, 1), origin });
const origin = (sequence: number, firstSentAt?: number): Origin => ({ producer: "p", sequence, firstSentAt });
const limits = { readMessagesMax: 2, readBytesMax: 1000, appendMessagesMax: 2 };

/** The cursors of those who follow, by what they have seen. */
const cursors = new Map<readonly Message[], Cursor>();

/** A live subscriber that notes what it is pushed. */
function follow(log: ChannelLog): Message[] {
  const seen: Message[] = [];
  const sink = {
    isBusy: false,
    message: (message: Message) => seen.push(message) > 0,
    gap: () => undefined,
    presence: () => true,
    waits: () => undefined,
    tooSlow: () => undefined,
    ended: () => undefined,
  };
  const cursor = new Cursor(log, sink, { epoch: log.epoch, offset: log.head, isGone: false, policy: { kind: "all" } });
  cursors.set(seen, cursor);
  cursor.start();
  return seen;
}

describe("a channel's log", () => {
  let store: MemoryStore;
  let log: ChannelLog;
  let clock: VirtualClock;
  const logOn = (on: Store, keep = 4) => {
    const retention = { keep, forMs: Infinity, bytesMax: Infinity };
    return new ChannelLog({ channel: "a", store: on, clock, log: { retention, durability: "memory" }, limits });
  };
  beforeEach(async () => {
    clock = new VirtualClock();
    store = new MemoryStore({ clock, random: new SeededRandom(1) });
    log = logOn(store);
    await log.open();
  });

  it("appends in the order of the calls and pushes each message before its receipt", async () => {
    const seen = follow(log);
    const receipts = await Promise.all(
      ["1", "2", "3", "4", "5"].map(async (payload) => [await log.append(draft(payload)), seen.length]),
    );
    expect(seen.map(({ offset, payload }) => [offset, payload])).toEqual([
      [1, "1"],
      [2, "2"],
      [3, "3"],
      [4, "4"],
      [5, "5"],
    ]);
    const { epoch } = log;
    expect(receipts.map(([published]) => published)).toEqual(
      [1, 2, 3, 4, 5].map((offset) => ({ position: { epoch, offset }, isRepeat: false })),
    );
    for (const [index, [, seenCount]] of receipts.entries()) expect(seenCount).toBeGreaterThan(index);
  });

  it("appends together what was published in one go or while the store was busy, within a limit", async () => {
    const batches: number[] = [];
    const { append } = store;
    store.append = (channel, drafts) => {
      batches.push(drafts.length);
      return append.call(store, channel, drafts);
    };
    await Promise.all(["1", "2", "3", "4"].map((payload) => log.append(draft(payload))));
    expect(batches).toEqual([2, 2]);
  });

  it("gives turns in the order of the calls: what was published before goes before, and what comes later behind", async () => {
    const seen = follow(log);
    const published = ["1", "2", "3"].map((payload) => log.append(draft(payload)));
    const taking = log.takeTurn();
    published.push(log.append(draft("5")));
    const turn = await taking;
    turn.done(await store.append("a", [draft("4")]));
    await Promise.all(published);
    expect(seen.map(({ payload }) => payload)).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("pushes every subscriber the very same object", async () => {
    const [one, two] = [follow(log), follow(log)];
    await log.append(draft("1"));
    expect(one[0]).toBe(two[0]);
    expect(log.liveCount).toBe(2);
  });

  it("opens once, and goes on where the log was", async () => {
    await log.append(draft("1"));
    await log.open();
    await log.release();
    const again = logOn(store);
    await again.open();
    expect([again.epoch, again.head]).toEqual([log.epoch, 1]);
  });

  it("gives back only what it opened", async () => {
    await logOn(store).release();
    await log.release();
    await log.release();
    expect(store.logCount).toBe(0);
  });

  it("finds the places where subscriptions begin", async () => {
    for (const payload of ["1", "2", "3", "4", "5", "6"]) await log.append(draft(payload));
    const { epoch } = log;
    expect(await log.placeOf("now")).toEqual({ epoch, offset: 6, isGone: false });
    expect(await log.placeOf("start")).toEqual({ epoch, offset: 2, isGone: false });
    expect(await log.placeOf({ last: 0 })).toEqual({ epoch, offset: 6, isGone: false });
    expect(await log.placeOf({ last: 2 })).toEqual({ epoch, offset: 4, isGone: false });
    expect(await log.placeOf({ last: 5 })).toEqual({ epoch, offset: 2, isGone: false });
    expect(await log.placeOf({ last: Number.MAX_SAFE_INTEGER })).toEqual({ epoch, offset: 2, isGone: false });
    expect(await log.placeOf({ epoch, offset: 6 })).toEqual({ epoch, offset: 6, isGone: false });
    expect(await log.placeOf({ epoch, offset: 1 })).toEqual({ epoch, offset: 1, isGone: false });
    expect(await log.placeOf({ epoch, offset: 7 })).toEqual({ epoch, offset: 6, isGone: true });
    expect(await log.placeOf({ epoch: "other", offset: 5 })).toEqual({ epoch, offset: 2, isGone: true });
  });

  it("begins at the head where nothing is kept", async () => {
    await log.release();
    const unkept = logOn(store, 0);
    await unkept.open();
    expect(await unkept.placeOf("start")).toMatchObject({ offset: 0, isGone: false });
  });

  it("reads in batches", async () => {
    for (const payload of ["1", "2", "3"]) await log.append(draft(payload));
    expect((await log.read(0, 3)).map(({ offset }) => offset)).toEqual([1, 2]);
    expect((await log.read(2, 3)).map(({ offset }) => offset)).toEqual([3]);
  });

  it("refuses what the store cannot append, and goes on", async () => {
    const seen = follow(log);
    const { append } = store;
    store.append = () => Promise.reject(new Error("bad disk"));
    await expect(log.append(draft("1"))).rejects.toMatchObject({
      code: "hub/not-appended",
      retryable: true,
      cause: { message: "bad disk" },
    });
    store.append = append;
    clock.advance(0);
    await expect(log.append(draft("2"))).resolves.toMatchObject({ position: { offset: 1 } });
    expect(seen.map(({ payload }) => payload)).toEqual(["2"]);
  });

  it("recognises a repeat, whose position is that of the first time, and pushes it to nobody", async () => {
    const seen = follow(log);
    const first = await log.append(draft("1", origin(1)));
    expect(await log.append(draft("1", origin(1, 0)))).toEqual({ ...first, isRepeat: true });
    expect(await log.find(origin(1))).toEqual(first.position);
    expect(await log.find(origin(2))).toBeUndefined();
    expect(seen).toHaveLength(1);
  });

  it("refuses a repeat that may be older than what is remembered", async () => {
    store.append = async () => [{ kind: "unknown" }];
    await expect(log.append(draft("1", origin(1, 0)))).rejects.toMatchObject({
      code: "hub/unknown-repeat",
      retryable: false,
    });
  });

  it("refuses everything behind what could not be appended, in the same turn, so that nothing overtakes", async () => {
    const { append } = store;
    store.append = () => {
      store.append = append;
      return Promise.reject(new Error("bad disk"));
    };
    const refused = ["1", "2", "3", "4"].map((payload) => log.append(draft(payload)));
    for (const receipt of refused) await expect(receipt).rejects.toMatchObject({ code: "hub/not-appended" });
    await expect(log.append(draft("5"))).rejects.toMatchObject({ code: "hub/not-appended" });
    clock.advance(0);
    await expect(log.append(draft("6"))).resolves.toMatchObject({ position: { offset: 1 } });
  });

  it("finds out what became of an append that failed, and tells the live cursors of it", async () => {
    const seen = follow(log);
    const { append } = store;
    store.append = async (channel, drafts) => {
      await append.call(store, channel, drafts);
      throw new Error("the disk did it, and did not say so");
    };
    await expect(log.append(draft("1", origin(1)))).rejects.toMatchObject({ code: "hub/not-appended" });
    store.append = append;
    clock.advance(0);
    expect(await log.append(draft("1", origin(1, 0)))).toMatchObject({ position: { offset: 1 }, isRepeat: true });
    await log.append(draft("2"));
    await clock.settle();
    expect(seen.map(({ payload }) => payload)).toEqual(["1", "2"]);
    expect(log.head).toBe(2);
  });

  it("opens the log anew before the next append where that failed before, and reads wait for it", async () => {
    const { append, open } = store;
    await log.append(draft("0"));
    store.append = () => Promise.reject(new Error("bad disk"));
    store.open = () => Promise.reject(new Error("bad disk"));
    await expect(log.append(draft("1"))).rejects.toMatchObject({ code: "hub/not-appended" });
    await expect(log.read(0, 1)).rejects.toMatchObject({ code: "hub/not-opened", cause: { message: "bad disk" } });
    clock.advance(0);
    await expect(log.append(draft("1"))).rejects.toMatchObject({ code: "hub/not-opened" });
    store.append = append;
    store.open = open;
    clock.advance(0);
    await expect(log.append(draft("1"))).resolves.toMatchObject({ position: { offset: 2 } });
    expect((await log.read(0, 2)).map(({ payload }) => payload)).toEqual(["0", "1"]);
  });

  it("goes on in another epoch where the store has lost the log", async () => {
    const seen = follow(log);
    await log.append(draft("1"));
    const lost = new MemoryStore({ clock, random: new SeededRandom(2) });
    store.append = () => Promise.reject(new Error("the disk is another"));
    store.release = async () => undefined;
    store.open = lost.open.bind(lost);
    const before = log.epoch;
    await expect(log.append(draft("2"))).rejects.toMatchObject({ code: "hub/not-appended" });
    expect([log.epoch === before, log.head]).toEqual([false, 0]);
    store.append = lost.append.bind(lost);
    clock.advance(0);
    await log.append(draft("3"));
    expect(seen.map(({ payload }) => payload)).toEqual(["1", "3"]);
  });

  it("notices a store that breaks its promises", async () => {
    store.append = async () => [];
    await expect(log.append(draft("1"))).rejects.toMatchObject({ cause: { code: "kernel/assertion" } });
    clock.advance(0);
    const message = { channel: "a", offset: 7, ...draft("1") };
    store.append = async () => [{ kind: "appended", message }];
    await expect(log.append(draft("1"))).rejects.toMatchObject({ cause: { code: "kernel/assertion" } });
  });

  it("says when it cannot be opened, also to those who ask in the same turn, and can be opened later", async () => {
    let opens = 0;
    store.open = () => Promise.reject(new Error(`bad disk ${++opens}`));
    const other = logOn(store);
    const refusal = { code: "hub/not-opened", cause: { message: "bad disk 1" } };
    await expect(other.open()).rejects.toMatchObject(refusal);
    store.open = async () => ({ epoch: "e", head: 0, members: [] });
    await expect(other.open()).rejects.toMatchObject(refusal);
    await expect(other.append(draft("1"))).rejects.toMatchObject({ code: "hub/not-appended" });
    expect(other.isBusy).toBe(true);
    clock.advance(0);
    await other.open();
    expect([other.epoch, other.isBusy]).toEqual(["e", false]);
  });

  it("wraps what the store cannot read or find", async () => {
    await log.append(draft("1"));
    store.find = () => Promise.reject(new Error("bad disk"));
    store.read = () => Promise.reject(new Error("bad disk"));
    const refusal = { code: "hub/not-read", retryable: true, cause: { message: "bad disk" } };
    await expect(log.find(origin(1))).rejects.toMatchObject(refusal);
    await expect(log.placeOf("start")).rejects.toMatchObject(refusal);
  });

  it("tells each time it was opened whom the store remembers, and when it is not busy any more", async () => {
    const told: unknown[] = [];
    const other = new ChannelLog({
      channel: "b",
      store,
      clock,
      log: { retention: { keep: 4, forMs: Infinity, bytesMax: Infinity }, durability: "memory" },
      limits,
      onOpened: (members) => void told.push(members.length),
      onIdle: () => void told.push(other.isBusy),
    });
    const opening = other.open();
    expect(other.isBusy).toBe(true);
    await opening;
    const { append } = store;
    store.append = () => Promise.reject(new Error("bad disk"));
    await expect(other.append(draft("1"))).rejects.toMatchObject({ code: "hub/not-appended" });
    store.append = append;
    clock.advance(0);
    await other.open();
    expect(told).toEqual([0, false, 0, true, true, false]);
  });

  it("does not let a store take back what it has acknowledged", async () => {
    await log.append(draft("1"));
    const { epoch } = log;
    store.append = () => Promise.reject(new Error("bad disk"));
    store.open = async () => ({ epoch, head: 0, members: [] });
    await expect(log.append(draft("2"))).rejects.toMatchObject({ code: "hub/not-appended" });
    await expect(log.open()).rejects.toMatchObject({ cause: { code: "kernel/assertion" } });
  });

  describe("in doubt about what is in it, which cannot be opened", () => {
    let seen: Message[];
    let opens: number;
    beforeEach(async () => {
      seen = follow(log);
      opens = 0;
      const { append, open } = store;
      store.append = async (channel, drafts) => {
        await append.call(store, channel, drafts);
        throw new Error("the disk did it, and did not say so");
      };
      store.open = () => Promise.reject(new Error(`bad disk ${++opens}`));
      await expect(log.append(draft("1"))).rejects.toMatchObject({ code: "hub/not-appended" });
      store.append = append;
      clock.advance(999);
      await clock.settle();
      expect([opens, seen]).toEqual([1, []]);
      clock.advance(1);
      await clock.settle();
      clock.advance(0);
      expect(opens).toBe(2);
      store.open = open;
    });

    it("is tried again every second, so that its subscribers learn of what is there without another publish", async () => {
      clock.advance(1_000);
      await clock.settle();
      expect(seen.map(({ payload }) => payload)).toEqual(["1"]);
      expect(clock.timerCount).toBe(0);
    });

    it("is tried again for who begins to follow it only then", async () => {
      cursors.get(seen)?.end();
      clock.advance(1_000);
      const others = follow(log);
      clock.advance(1_000);
      await clock.settle();
      expect([seen, others.map(({ payload }) => payload)]).toEqual([[], ["1"]]);
    });

    it("is opened by whoever reads it", async () => {
      expect((await log.read(0, 1)).map(({ payload }) => payload)).toEqual(["1"]);
      expect(await log.placeOf("now")).toMatchObject({ offset: 1 });
    });

    it("is not tried again once nobody follows it", async () => {
      cursors.get(seen)?.end();
      clock.advance(5_000);
      await clock.settle();
      expect([opens, clock.timerCount]).toEqual([2, 0]);
    });

    it("leaves no timer behind when it is released or closed", async () => {
      await log.release();
      expect(clock.timerCount).toBe(0);
      clock.advance(5_000);
      expect(opens).toBe(2);
    });

    it("schedules nothing any more once it is closed", async () => {
      log.close();
      store.open = () => Promise.reject(new Error("bad disk"));
      await expect(log.open()).rejects.toMatchObject({ code: "hub/not-opened" });
      clock.advance(0);
      expect(clock.timerCount).toBe(0);
    });
  });

  it("goes on where the store could not even give it back", async () => {
    const { append, release } = store;
    store.append = () => Promise.reject(new Error("bad disk"));
    store.release = () => Promise.reject(new Error("bad disk"));
    await expect(log.append(draft("1"))).rejects.toMatchObject({ code: "hub/not-appended" });
    clock.advance(0);
    await expect(log.open()).rejects.toMatchObject({ code: "hub/not-opened" });
    store.append = append;
    store.release = release;
    clock.advance(0);
    await log.open();
    expect((await log.append(draft("2"))).position.offset).toBe(1);
  });

  it("is waited for where it is just being opened anew", async () => {
    await log.append(draft("1"));
    const { append } = store;
    store.append = () => Promise.reject(new Error("bad disk"));
    const refused = log.append(draft("2")).catch((error: unknown) => error);
    const reads: Promise<readonly Message[]>[] = [];
    // In whichever moment between the failure and the reopening somebody reads.
    for (let tick = 0; tick < 30; tick++) {
      reads.push(log.read(0, 1));
      await Promise.resolve();
    }
    store.append = append;
    for (const read of reads) expect(await read).toHaveLength(1);
    await refused;
  });
});
