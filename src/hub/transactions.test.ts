import { beforeEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { silentLogger } from "../kernel/logger.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Hub } from "./hub.js";
import type { Sink } from "./sink.js";
import type { Appended, Batch, Draft, Message, Rider, Store } from "./store.js";
import { isTransactionStore } from "./transactions.js";

const draft = (payload: string, sequence?: number): Draft => ({
  payload,
  from: "ada",
  at: Date.UTC(2025, 0, 1),
  origin: sequence === undefined ? undefined : { producer: "p", sequence, firstSentAt: undefined },
});

describe("appending to several channels at once", () => {
  let clock: VirtualClock;
  let store: MemoryStore;
  let hub: Hub;
  const hubOn = (on: Store): Hub =>
    new Hub({
      store: on,
      clock,
      logger: silentLogger,
      optionsOf: () => ({ retention: { keep: 10, forMs: Infinity, bytesMax: Infinity }, durability: "memory" }),
    });
  beforeEach(() => {
    clock = new VirtualClock();
    store = new MemoryStore({ clock, random: new SeededRandom(1) });
    hub = hubOn(store);
  });

  /** A live subscriber that notes what it is pushed. */
  const follow = async (channel: string): Promise<Message[]> => {
    const seen: Message[] = [];
    const sink: Sink = {
      isBusy: false,
      message: (message) => seen.push(message) > 0,
      gap: () => undefined,
      presence: () => true,
      waits: () => undefined,
      tooSlow: () => undefined,
      ended: () => undefined,
    };
    const subscription = await hub.subscribe(channel, { from: "now", sink, hasPresence: false });
    subscription.start();
    return seen;
  };

  it("pushes all of it, answers in the order of the drafts, and writes the rider", async () => {
    const [a, b] = await Promise.all([follow("a"), follow("b")]);
    let written = 0;
    const rider: Rider = { durability: "memory", write: () => void written++ };
    const published = await hub.publishAll(
      [
        { channel: "a", drafts: [draft("1"), draft("2")] },
        { channel: "b", drafts: [draft("3", 1)] },
      ],
      rider,
    );
    expect(published.map((batch) => batch.map((one) => [one?.position.offset, one?.isRepeat]))).toEqual([
      [
        [1, false],
        [2, false],
      ],
      [[1, false]],
    ]);
    expect([...a, ...b].map(({ channel, payload }) => channel + payload)).toEqual(["a1", "a2", "b3"]);
    expect(written).toBe(1);
    const again = await hub.publishAll([{ channel: "b", drafts: [draft("3", 1)] }]);
    expect(again).toEqual([[{ position: { epoch: expect.any(String), offset: 1 }, isRepeat: true }]]);
    expect(b).toHaveLength(1);
  });

  it("keeps the order of each channel with what is published by itself meanwhile", async () => {
    const seen = await follow("a");
    const done = [
      hub.publish("a", draft("1")),
      hub.publishAll([
        { channel: "a", drafts: [draft("2")] },
        { channel: "b", drafts: [draft("x")] },
      ]),
      hub.publish("a", draft("3")),
      hub.publishAll([
        { channel: "b", drafts: [draft("y")] },
        { channel: "a", drafts: [draft("4")] },
      ]),
    ];
    await Promise.all(done);
    expect(seen.map(({ payload }) => payload).toSorted()).toEqual(["1", "2", "3", "4"]);
    expect(seen.map(({ offset }) => offset)).toEqual([1, 2, 3, 4]);
    await clock.settle();
    expect(hub.counts.channels).toBe(1);
  });

  it("says of a repeat that is too old that it was not published", async () => {
    const old: Draft = { ...draft("1"), origin: { producer: "p", sequence: 1, firstSentAt: -1e12 } };
    store.appendAll = async () => [[{ kind: "unknown" }]];
    expect(await hub.publishAll([{ channel: "a", drafts: [old] }])).toEqual([[undefined]]);
  });

  it("finds out what is in the logs where the store failed, and refuses what came behind it", async () => {
    const seen = await follow("a");
    const { appendAll } = store;
    let fail = (_error: Error): void => {};
    store.appendAll = (_batches: readonly Batch[]) =>
      new Promise<readonly (readonly Appended[])[]>((_, reject) => {
        fail = reject;
      });
    const first = hub.publishAll([{ channel: "a", drafts: [draft("1")] }]);
    await clock.settle();
    const second = hub.publish("a", draft("2"));
    await clock.settle();
    fail(new Error("disk full"));
    await expect(first).rejects.toMatchObject({ code: "hub/not-appended", retryable: true });
    await expect(second).rejects.toMatchObject({ code: "hub/not-appended" });
    // While that is being refused, nobody else is let in.
    await expect(hub.publishAll([{ channel: "a", drafts: [draft("3")] }])).rejects.toMatchObject({
      code: "hub/not-appended",
    });
    await clock.pass(1);
    store.appendAll = appendAll.bind(store);
    await hub.publishAll([{ channel: "a", drafts: [draft("4")] }]);
    expect(seen.map(({ payload }) => payload)).toEqual(["4"]);
  });

  it("lets those logs go that it has when it cannot have another", async () => {
    const { append } = store;
    let finish = (): void => {};
    store.append = async (channel, drafts) => {
      if (channel === "b") await new Promise<void>((resolve) => (finish = resolve));
      if (channel === "b") throw new Error("disk full");
      return append.call(store, channel, drafts);
    };
    const stuck = hub.publish("b", draft("1"));
    await clock.settle();
    const both = hub.publishAll([
      { channel: "a", drafts: [draft("2")] },
      { channel: "b", drafts: [draft("2")] },
    ]);
    await clock.settle();
    finish();
    await expect(stuck).rejects.toMatchObject({ code: "hub/not-appended" });
    await expect(both).rejects.toMatchObject({ code: "hub/not-appended" });
    expect((await hub.publish("a", draft("3"))).position.offset).toBe(1);
  });

  it("is refused where the store cannot", async () => {
    const { append, close, find, open, present, read, release } = store;
    const plain: Store = {
      append: append.bind(store),
      close: close.bind(store),
      find: find.bind(store),
      open: open.bind(store),
      present: present.bind(store),
      read: read.bind(store),
      release: release.bind(store),
    };
    expect([isTransactionStore(store), isTransactionStore(plain)]).toEqual([true, false]);
    await expect(hubOn(plain).publishAll([{ channel: "a", drafts: [] }])).rejects.toMatchObject({
      code: "hub/no-transactions",
    });
  });

  it("is told to those who watch for it, as what is published by itself is", async () => {
    const appended: string[] = [];
    await follow("a");
    const stop = hub.watchAppends((channel) => void appended.push(channel));
    await hub.publish("a", draft("1"));
    await hub.publishAll([
      { channel: "a", drafts: [draft("2")] },
      { channel: "b", drafts: [draft("3")] },
    ]);
    stop();
    await hub.publish("a", draft("4"));
    expect(appended).toEqual(["a", "a", "b"]);
  });
});
