import { beforeEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { silentLogger, type LogFields } from "../kernel/logger.js";
import type { SubscribeFrom } from "../wire/messages.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Hub } from "./hub.js";
import type { Gap, PresenceUpdate, Sink } from "./sink.js";
import type { Message } from "./store.js";
import type { Subscription } from "./subscription.js";

const draft = (payload: string) => ({ payload, from: "ada", at: 1 });

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

  ended(): void {}
}

describe("the hub", () => {
  let clock: VirtualClock;
  let store: MemoryStore;
  let hub: Hub;
  let logged: [string, LogFields | undefined][];
  beforeEach(() => {
    clock = new VirtualClock();
    store = new MemoryStore({ random: new SeededRandom(1) });
    logged = [];
    const logger = { ...silentLogger, error: (event: string, fields?: LogFields) => void logged.push([event, fields]) };
    hub = new Hub({ store, turns: clock, logger, retentionOf: () => ({ keep: 10 }), limits: { membersMax: 1 } });
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
    expect(positions.map(({ offset }) => offset)).toEqual([1, 2]);
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

  it("lets a channel go when nobody uses it, and goes on with its log later", async () => {
    await hub.publish("a", draft("1"));
    expect(hub.channelCount).toBe(0);
    const sink = new FakeSink();
    const subscription = await subscribe("a", sink, "start");
    await clock.settle();
    expect([hub.channelCount, sink.payloads]).toEqual([1, ["1"]]);
    subscription.end();
    expect(hub.channelCount).toBe(0);
    expect((await hub.publish("a", draft("2"))).offset).toBe(2);
    expect(sink.payloads).toEqual(["1"]);
  });

  it("keeps nothing of a million channels that somebody only looked at", async () => {
    for (let index = 0; index < 1000; index++) (await subscribe(`a/${index}`, new FakeSink())).end();
    expect([hub.channelCount, store.logCount]).toEqual([0, 0]);
  });

  it("tells subscribers who is there, and keeps the channel while somebody is", async () => {
    const member = { member: "m", id: "ada", state: null };
    hub.join("a", member);
    expect(hub.channelCount).toBe(1);
    const sink = new FakeSink();
    const subscription = await subscribe("a", sink);
    clock.runTurn();
    hub.leave("a", "m");
    clock.runTurn();
    subscription.end();
    expect(sink.updates).toMatchObject([{ members: [member] }, { joined: [member] }, { left: ["m"] }]);
    expect(hub.channelCount).toBe(0);
  });

  it("counts a membership once, however often it has a new state", () => {
    hub.join("a", { member: "m", id: "ada", state: 1 });
    hub.join("a", { member: "m", id: "ada", state: 2 });
    hub.leave("a", "m");
    hub.leave("a", "m");
    hub.leave("b", "m");
    expect(hub.channelCount).toBe(0);
  });

  it("refuses members beyond the limit, and lets go of the channel that was used for it", () => {
    hub.join("a", { member: "m", id: "ada", state: 1 });
    expect(() => hub.join("a", { member: "n", id: "bob", state: 1 })).toThrow(
      expect.objectContaining({ code: "hub/too-many-members" }),
    );
    hub.leave("a", "m");
    expect(hub.channelCount).toBe(0);
  });

  it("sends no presence to who wants none", async () => {
    const sink = new FakeSink();
    const subscription = await hub.subscribe("a", { from: "now", sink, hasPresence: false });
    subscription.start();
    hub.join("a", { member: "m", id: "ada", state: 1 });
    clock.runTurn();
    expect(sink.updates).toEqual([]);
  });

  it("lets go of a channel that cannot be opened", async () => {
    store.open = () => Promise.reject(new Error("bad disk"));
    await expect(hub.publish("a", draft("1"))).rejects.toMatchObject({ code: "hub/not-opened" });
    await expect(subscribe("a", new FakeSink())).rejects.toMatchObject({ code: "hub/not-opened" });
    expect(hub.channelCount).toBe(0);
  });

  it("logs a store that cannot release a log", async () => {
    store.release = () => Promise.reject(new Error("bad disk"));
    await hub.publish("a", draft("1"));
    await clock.settle();
    expect(logged).toEqual([["hub/not-released", { channel: "a", error: "Error: bad disk" }]]);
  });
});
