import { beforeEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { deferred } from "../kernel/deferred.js";
import { silentLogger, type LogFields } from "../kernel/logger.js";
import type { Position, SubscribeFrom } from "../wire/messages.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Hub } from "./hub.js";
import type { Gap, PresenceUpdate, Sink } from "./sink.js";
import type { Message } from "./store.js";
import type { Subscription } from "./subscription.js";

const draft = (payload: string, sequence?: number) => ({
  payload,
  from: "ada",
  at: Date.UTC(2025, 0, 1),
  origin: sequence === undefined ? undefined : { producer: "p", sequence, firstSentAt: undefined },
});

class FakeSink implements Sink {
  readonly isBusy = false;
  readonly payloads: string[] = [];
  readonly gaps: Gap[] = [];
  readonly updates: PresenceUpdate[] = [];

  message({ payload }: Message): boolean {
    return this.payloads.push(payload) > 0;
  }

  gap(gap: Gap): void {
    this.gaps.push(gap);
  }

  presence(update: PresenceUpdate): boolean {
    return this.updates.push(update) > 0;
  }

  waits(): void {}

  tooSlow(): void {}

  ended(): void {}
}

describe("the hub", () => {
  let clock: VirtualClock;
  let store: MemoryStore;
  let hub: Hub;
  let logged: [string, LogFields | undefined][];
  beforeEach(() => {
    clock = new VirtualClock();
    store = new MemoryStore({ clock, random: new SeededRandom(1) });
    logged = [];
    const logger = { ...silentLogger, error: (event: string, fields?: LogFields) => void logged.push([event, fields]) };
    const retention = { keep: 10, forMs: Infinity, bytesMax: Infinity };
    hub = new Hub({
      store,
      clock,
      logger,
      optionsOf: () => ({ retention, durability: "memory" }),
      limits: { membersMax: 1 },
    });
  });

  const subscribe = async (channel: string, sink: Sink, from: SubscribeFrom = "now"): Promise<Subscription> => {
    const subscription = await hub.subscribe(channel, { from, sink, hasPresence: true });
    subscription.start();
    return subscription;
  };

  it("brings what is published on a channel to its subscribers, and to nobody else", async () => {
    const [here, there] = [new FakeSink(), new FakeSink()];
    await subscribe("a", here);
    await subscribe("b", there);
    const positions = await Promise.all([hub.publish("a", draft("1")), hub.publish("a", draft("2"))]);
    expect(positions.map(({ position }) => position.offset)).toEqual([1, 2]);
    expect([here.payloads, there.payloads]).toEqual([["1", "2"], []]);
  });

  it("keeps the order of calls, also when the channel is opened by the first of them", async () => {
    const publishing = ["1", "2", "3"].map((payload) => hub.publish("a", draft(payload)));
    const sink = new FakeSink();
    await subscribe("a", sink, "start");
    await hub.publish("a", draft("4"));
    await Promise.all(publishing);
    await clock.settle();
    expect(sink.payloads).toEqual(["1", "2", "3", "4"]);
  });

  it("tells a subscriber from another epoch that what it knew is gone, and gives it what there is", async () => {
    await hub.publish("a", draft("1"));
    const sink = new FakeSink();
    const { position } = await subscribe("a", sink, { epoch: "other", offset: 9 });
    await clock.settle();
    expect(sink.gaps).toEqual([{ position: { ...position, offset: 0 }, lost: undefined }]);
    expect(sink.payloads).toEqual(["1"]);
  });

  it("shows nothing up to where a subscriber may not read, and tells it that there was something", async () => {
    for (const payload of ["1", "2", "3", "4"]) await hub.publish("a", draft(payload));
    const read = async (from: SubscribeFrom, since: Position | "now"): Promise<unknown> => {
      const sink = new FakeSink();
      const subscription = await hub.subscribe("a", { from, since, sink, hasPresence: false });
      subscription.start();
      await clock.settle();
      subscription.end();
      return [sink.gaps.map(({ position }) => position.offset), sink.payloads];
    };
    const { epoch } = (await subscribe("a", new FakeSink())).position;
    const at = (offset: number): Position => ({ epoch, offset });
    const elsewhere = { epoch: "other", offset: 0 };
    expect(await read("now", "now")).toEqual([[], []]);
    expect(await read(at(4), "now")).toEqual([[], []]);
    for (const from of ["start", { last: 1 }, at(3), at(9), elsewhere] as const) {
      expect(await read(from, "now")).toEqual([[4], []]);
    }
    expect(await read(at(1), at(2))).toEqual([[2], ["3", "4"]]);
    expect(await read(at(2), at(2))).toEqual([[], ["3", "4"]]);
    expect(await read(at(3), at(2))).toEqual([[], ["4"]]);
    expect(await read(elsewhere, at(2))).toEqual([[2], ["3", "4"]]);
    expect(await read(at(3), at(9))).toEqual([[4], []]);
    expect(await read(at(3), elsewhere)).toEqual([[4], []]);
  });

  it("lets a channel go when nobody uses it, and goes on with its log later", async () => {
    await hub.publish("a", draft("1"));
    expect(hub.channelCount).toBe(0);
    const sink = new FakeSink();
    const subscription = await subscribe("a", sink, "start");
    await clock.settle();
    expect([hub.channelCount, sink.payloads]).toEqual([1, ["1"]]);
    subscription.end();
    expect(hub.channelCount).toBe(0);
    expect((await hub.publish("a", draft("2"))).position.offset).toBe(2);
    expect(sink.payloads).toEqual(["1"]);
  });

  it("keeps nothing of a million channels that somebody only looked at", async () => {
    for (let index = 0; index < 1000; index++) (await subscribe(`a/${index}`, new FakeSink())).end();
    expect([hub.channelCount, store.logCount]).toEqual([0, 0]);
  });

  it("leaves nothing behind after 100,000 subscriptions", async () => {
    const sink = new FakeSink();
    for (let index = 0; index < 100_000; index++) {
      const subscription = await hub.subscribe(`a/${index % 100}`, { from: "now", sink, hasPresence: true });
      subscription.start();
      subscription.end();
    }
    expect([hub.channelCount, store.logCount, clock.timerCount]).toEqual([0, 0, 0]);
  });

  it("holds neither cursors nor watchers of 100,000 subscriptions to a channel that stays in use", async () => {
    const sink = new FakeSink();
    const staying = await subscribe("a", sink);
    for (let index = 0; index < 100_000; index++) (await subscribe("a", sink)).end();
    expect([hub.counts, clock.timerCount]).toEqual([{ channels: 1, live: 1, watchers: 1 }, 0]);
    staying.end();
    expect([hub.counts, store.logCount]).toEqual([{ channels: 0, live: 0, watchers: 0 }, 0]);
  });

  it("finds what was published before", async () => {
    const { position } = await hub.publish("a", draft("1", 1));
    expect(await hub.find("a", { producer: "p", sequence: 1 })).toEqual(position);
    expect(await hub.find("a", { producer: "p", sequence: 2 })).toBeUndefined();
  });

  it("thins out for who wants only the latest", async () => {
    const sink = new FakeSink();
    const subscription = await hub.subscribe("a", {
      from: "now",
      sink,
      hasPresence: false,
      policy: { kind: "latest" },
    });
    subscription.start();
    await hub.publish("a", draft("1"));
    expect(sink.payloads).toEqual(["1"]);
  });

  const member = (name: string, id = "ada") => ({ member: name, id, state: null });

  it("tells subscribers who is there, and keeps the channel while somebody is", async () => {
    await hub.join("a", member("m"));
    expect(hub.channelCount).toBe(1);
    const sink = new FakeSink();
    const subscription = await subscribe("a", sink);
    clock.advance(50);
    hub.leave("a", "m");
    clock.advance(50);
    subscription.end();
    expect(sink.updates).toMatchObject([{ members: [member("m")] }, { joined: [member("m")] }, { left: ["m"] }]);
    expect(hub.channelCount).toBe(0);
  });

  it("counts a membership once, however often it has a new state", async () => {
    await hub.join("a", { ...member("m"), state: 1 });
    await hub.join("a", { ...member("m"), state: 2 });
    hub.leave("a", "m");
    hub.leave("a", "m");
    hub.leave("b", "m");
    expect(hub.channelCount).toBe(0);
  });

  it("refuses members beyond the limit and names of others, and lets go of the channel that was used for it", async () => {
    await hub.join("a", member("m"));
    await expect(hub.join("a", member("n"))).rejects.toMatchObject({ code: "hub/too-many-members" });
    await expect(hub.join("a", member("m", "bob"))).rejects.toMatchObject({ code: "hub/not-your-member" });
    hub.leave("a", "m");
    expect(hub.channelCount).toBe(0);
  });

  it("keeps a channel until the lease of its last member is over", async () => {
    await hub.join("a", member("m"));
    hub.lapse("a", "m");
    hub.lapse("b", "m");
    clock.advance(29_999);
    expect(hub.channelCount).toBe(1);
    clock.advance(1);
    expect(hub.channelCount).toBe(0);
  });

  it("has the store remember who is present, and takes who it remembers for members whose connections are gone", async () => {
    const remembered: unknown[] = [];
    store.present = async (...change: unknown[]) => void remembered.push(change);
    await hub.join("a", { ...member("m"), state: { x: 1 } });
    hub.leave("a", "m");
    expect(remembered).toEqual([
      ["a", "m", { id: "ada", state: '{"x":1}' }],
      ["a", "m", undefined],
    ]);
    const { open } = store;
    store.open = async (channel, options) => {
      const opened = await open.call(store, channel, options);
      return { ...opened, members: [{ member: "n", id: "bob", state: '{"x":2}' }] };
    };
    const sink = new FakeSink();
    await subscribe("a", sink);
    expect(sink.updates).toMatchObject([{ members: [{ member: "n", id: "bob", state: { x: 2 } }] }]);
    clock.advance(30_050);
    expect(sink.updates.slice(1)).toMatchObject([{ left: ["n"] }]);
  });

  it("logs what the store cannot remember, and goes on", async () => {
    store.present = () => Promise.reject(new Error("bad disk"));
    await hub.join("a", member("m"));
    await clock.settle();
    expect(logged).toEqual([["hub/presence-not-kept", { channel: "a", cause: "Error: bad disk" }]]);
  });

  it("that is closed has nobody leave any more", async () => {
    await hub.join("a", member("m"));
    hub.lapse("a", "m");
    hub.close();
    expect(clock.timerCount).toBe(0);
  });

  it("that is closed has the store forget nobody, and starts no timers", async () => {
    await hub.join("a", member("m"));
    const remembered: unknown[] = [];
    store.present = async (...change: unknown[]) => void remembered.push(change);
    hub.close();
    hub.leave("a", "m");
    hub.lapse("a", "m");
    await hub.join("b", member("n"));
    hub.lapse("b", "n");
    expect([remembered, clock.timerCount]).toEqual([[["b", "n", { id: "ada", state: "null" }]], 0]);
  });

  it("has the store remember who is present where that was lost with the log", async () => {
    await hub.join("a", member("m"));
    const remembered: unknown[] = [];
    const lost = new MemoryStore({ clock, random: new SeededRandom(2) });
    store.append = () => Promise.reject(new Error("the disk is another"));
    store.open = lost.open.bind(lost);
    store.present = async (...change: unknown[]) => void remembered.push(change);
    await expect(hub.publish("a", draft("1"))).rejects.toMatchObject({ code: "hub/not-appended" });
    expect(remembered).toEqual([["a", "m", { id: "ada", state: "null" }]]);
  });

  it("gives a log back that is just being opened anew when it is not used any more, but not before", async () => {
    const { append, open } = store;
    const subscription = await subscribe("a", new FakeSink());
    store.append = () => Promise.reject(new Error("bad disk"));
    store.open = () => Promise.reject(new Error("bad disk"));
    await expect(hub.publish("a", draft("1"))).rejects.toMatchObject({ code: "hub/not-appended" });
    store.append = append;
    const opening = deferred<undefined>();
    store.open = (...args) => opening.promise.then(() => open.apply(store, args));
    clock.advance(1_000);
    await clock.settle();
    subscription.end();
    expect(hub.channelCount).toBe(1);
    opening.resolve(undefined);
    await clock.settle();
    expect([hub.channelCount, store.logCount, clock.timerCount]).toEqual([0, 0, 0]);
    expect((await hub.publish("a", draft("2"))).position.offset).toBe(1);
  });

  it.each([
    ["at once", 0, "each subscribes just before"],
    ["within a second", 1_000, "each subscribes just before"],
    ["at once", 0, "all watch already"],
    ["within a second", 1_000, "all watch already"],
  ])("tells 200 members who join %s (over %i ms; %s) in at most 2,000 frames altogether", async (_, spreadMs, how) => {
    const retention = { keep: 10, forMs: Infinity, bytesMax: Infinity };
    const room = new Hub({
      store,
      clock,
      logger: silentLogger,
      optionsOf: () => ({ retention, durability: "memory" }),
    });
    const sinks = Array.from({ length: 200 }, () => new FakeSink());
    const watch = async (sink: Sink): Promise<void> => {
      (await room.subscribe("room", { from: "now", sink, hasPresence: true })).start();
    };
    if (how === "all watch already") await Promise.all(sinks.map(watch));
    for (const [index, sink] of sinks.entries()) {
      if (how !== "all watch already") await watch(sink);
      await room.join("room", member(`m${index}`));
      clock.advance(spreadMs / 200);
    }
    clock.advance(5000);
    const receipts = 200 * 2;
    const frames = sinks.reduce((sum, { updates }) => sum + updates.length, receipts);
    expect(frames).toBeLessThanOrEqual(2000);
    for (const { updates } of sinks) {
      const known = updates.flatMap((update) => (update.kind === "all" ? update.members : update.joined));
      expect(new Set(known.map(({ member: name }) => name)).size).toBe(200);
    }
  });

  it("sends no presence to who wants none", async () => {
    const sink = new FakeSink();
    const subscription = await hub.subscribe("a", { from: "now", sink, hasPresence: false });
    subscription.start();
    await hub.join("a", member("m"));
    clock.advance(50);
    expect(sink.updates).toEqual([]);
  });

  it("lets go of a channel that cannot be opened", async () => {
    store.open = () => Promise.reject(new Error("bad disk"));
    await expect(hub.publish("a", draft("1"))).rejects.toMatchObject({ code: "hub/not-opened" });
    await expect(subscribe("a", new FakeSink())).rejects.toMatchObject({ code: "hub/not-opened" });
    clock.advance(0);
    expect(hub.channelCount).toBe(0);
  });

  it("logs a store that cannot release a log", async () => {
    store.release = () => Promise.reject(new Error("bad disk"));
    await hub.publish("a", draft("1"));
    await clock.settle();
    expect(logged).toEqual([["hub/not-released", { channel: "a", cause: "Error: bad disk" }]]);
  });
});
