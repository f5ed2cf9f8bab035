import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { Hub } from "../hub/hub.js";
import { silentLogger } from "../kernel/logger.js";
import type { JobDraft } from "../pipeline/job-store.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { GroupFeed } from "./group-feed.js";

const app = contract({ "a/:n": channel({ message: z.unknown() }), other: channel({ message: z.unknown() }) });

describe("a group's feed", () => {
  const setUp = () => {
    const clock = new VirtualClock();
    const store = new MemoryStore({ clock, random: new SeededRandom(1) });
    const optionsOf = () =>
      ({ retention: { keep: 9, forMs: Infinity, bytesMax: Infinity }, durability: "memory" }) as const;
    const hub = new Hub({ store, clock, logger: silentLogger, optionsOf });
    const taken: JobDraft[] = [];
    const room = { isOpen: true, isBroken: false };
    const feed = new GroupFeed({
      group: "g",
      pattern: "a/:n",
      queue: "group:g",
      contract: app,
      hub,
      groups: store.groups,
      clock,
      logger: silentLogger,
      keyOf: (_message, name) => name,
      accept: async (draft) => {
        if (room.isBroken) throw new Error("disk full");
        taken.push(draft);
      },
      hasRoomFor: (drafts) => room.isOpen || drafts.length === 0,
      onGap: () => {},
    });
    const publish = (name: string, payload: string) =>
      hub.publish(name, { payload, from: "ada", at: clock.wallTimeMs(), origin: undefined });
    return { clock, feed, hub, publish, room, store, taken };
  };

  it("takes the messages of its pattern's channels, each once, and notes how far it is", async () => {
    const { clock, feed, publish, store, taken } = setUp();
    await store.groups.register({ name: "g", pattern: "a/:n" });
    await feed.open(true, "now");
    await publish("a/1", "1");
    await publish("other", "2");
    await publish("a/2", "3");
    await clock.settle();
    expect(taken.map(({ channel: name, payload }) => [name, Reflect.get(Object(JSON.parse(payload)), "data")])).toEqual(
      [
        ["a/1", 1],
        ["a/2", 3],
      ],
    );
    expect(new Set(taken.map(({ id }) => id)).size).toBe(2);
    expect((await store.groups.position("g", "a/1"))?.offset).toBe(1);
    feed.close();
    expect(clock.timerCount).toBe(0);
  });

  it("lets go of a channel in which nothing happens, and comes back to it", async () => {
    const { clock, feed, hub, publish, store, taken } = setUp();
    await store.groups.register({ name: "g", pattern: "a/:n" });
    await feed.open(true, "now");
    await publish("a/1", "1");
    await clock.pass(11_000);
    expect(hub.channelCount).toBe(0);
    await publish("a/1", "2");
    await clock.settle();
    expect(taken).toHaveLength(2);
    feed.close();
  });

  it("waits where the queue is full, and tries again where it cannot be written", async () => {
    const { clock, feed, publish, room, store, taken } = setUp();
    await store.groups.register({ name: "g", pattern: "a/:n" });
    await feed.open(true, "now");
    room.isOpen = false;
    await publish("a/1", "1");
    await clock.pass(500);
    expect(taken).toEqual([]);
    room.isOpen = true;
    await clock.pass(100);
    expect(taken).toHaveLength(1);
    room.isBroken = true;
    await publish("a/1", "2");
    await clock.settle();
    room.isBroken = false;
    await clock.pass(1_100);
    expect(taken).toHaveLength(2);
    feed.close();
  });
});
