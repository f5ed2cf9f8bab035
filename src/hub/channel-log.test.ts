import { beforeEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { ChannelLog } from "./channel-log.js";
import { Cursor } from "./cursor.js";
import type { Draft, Message, Store } from "./store.js";

const draft = (payload: string): Draft => ({ payload, from: "ada", at: 1 });
const limits = { readMessagesMax: 2, readBytesMax: 1000, appendMessagesMax: 2 };

/** A live subscriber that notes what it is pushed. */
function follow(log: ChannelLog): Message[] {
  const seen: Message[] = [];
  const sink = {
    isBusy: false,
    message: (message: Message) => seen.push(message) > 0,
    gap: () => undefined,
    presence: () => true,
    waits: () => undefined,
    ended: () => undefined,
  };
  new Cursor(log, sink, log.head).start();
  return seen;
}

describe("a channel's log", () => {
  let store: MemoryStore;
  let log: ChannelLog;
  const logOn = (on: Store, keep = 4) => new ChannelLog({ channel: "a", store: on, retention: { keep }, limits });
  beforeEach(async () => {
    store = new MemoryStore({ random: new SeededRandom(1) });
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
    expect(receipts.map(([position]) => position)).toEqual([1, 2, 3, 4, 5].map((offset) => ({ epoch, offset })));
    for (const [index, [, seenCount]] of receipts.entries()) expect(seenCount).toBeGreaterThan(index);
  });

  it("appends together what was published while the store was busy, within a limit", async () => {
    const batches: number[] = [];
    const { append } = store;
    store.append = (channel, drafts) => {
      batches.push(drafts.length);
      return append.call(store, channel, drafts);
    };
    await Promise.all(["1", "2", "3", "4"].map((payload) => log.append(draft(payload))));
    expect(batches).toEqual([1, 2, 1]);
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
    expect(await log.placeOf("now")).toEqual({ offset: 6, isGone: false });
    expect(await log.placeOf("start")).toEqual({ offset: 2, isGone: false });
    expect(await log.placeOf({ last: 0 })).toEqual({ offset: 6, isGone: false });
    expect(await log.placeOf({ last: 2 })).toEqual({ offset: 4, isGone: false });
    expect(await log.placeOf({ last: 5 })).toEqual({ offset: 2, isGone: false });
    expect(await log.placeOf({ last: Number.MAX_SAFE_INTEGER })).toEqual({ offset: 2, isGone: false });
    expect(await log.placeOf({ epoch, offset: 6 })).toEqual({ offset: 6, isGone: false });
    expect(await log.placeOf({ epoch, offset: 1 })).toEqual({ offset: 1, isGone: false });
    expect(await log.placeOf({ epoch, offset: 7 })).toEqual({ offset: 6, isGone: true });
    expect(await log.placeOf({ epoch: "other", offset: 5 })).toEqual({ offset: 2, isGone: true });
  });

  it("begins at the head where nothing is kept", async () => {
    await log.release();
    const unkept = logOn(store, 0);
    await unkept.open();
    expect(await unkept.placeOf("start")).toEqual({ offset: 0, isGone: false });
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
    await expect(log.append(draft("2"))).resolves.toMatchObject({ offset: 1 });
    expect(seen.map(({ payload }) => payload)).toEqual(["2"]);
  });

  it("notices a store that breaks its promises", async () => {
    store.append = async () => [];
    await expect(log.append(draft("1"))).rejects.toMatchObject({ cause: { code: "kernel/assertion" } });
    store.append = async () => [{ channel: "a", offset: 7, ...draft("1") }];
    await expect(log.append(draft("1"))).rejects.toMatchObject({ cause: { code: "kernel/assertion" } });
  });

  it("says when it cannot be opened", async () => {
    store.open = () => Promise.reject(new Error("bad disk"));
    await expect(logOn(store).open()).rejects.toMatchObject({ code: "hub/not-opened", cause: { message: "bad disk" } });
  });
});
