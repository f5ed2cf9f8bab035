import { expect, it } from "vitest";
import { callsOf } from "../../test/support/store-places.js";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import type { Appended, Batch, LogOptions, OpenedLog, Rider } from "../hub/store.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { SplitStore } from "./split-store.js";

/** A store that keeps everything in memory, and says that it is a disk. */
class Disk extends MemoryStore {
  readonly members: unknown[] = [];

  override open(channel: string, options: LogOptions): Promise<OpenedLog> {
    return super.open(channel, { ...options, durability: "memory" });
  }

  override async present(...change: unknown[]): Promise<void> {
    this.members.push(change);
  }
}

interface Split {
  readonly memory: Disk;
  readonly disk: Disk;
  readonly store: SplitStore;
}

const retention = { keep: 10, forMs: Infinity, bytesMax: Infinity };
const everything = { after: 0, until: 9, messagesMax: 9, bytesMax: 99 };

function split(disk: Disk = new Disk({ clock: new VirtualClock(), random: new SeededRandom(2) })): Split {
  const memory = new Disk({ clock: new VirtualClock(), random: new SeededRandom(1) });
  return { memory, disk, store: new SplitStore(memory, disk) };
}

const draft = (payload: string) => ({ payload, from: "ada", at: new VirtualClock().wallTimeMs(), origin: undefined });

it("keeps each log where its durability asks for it", async () => {
  const { disk, memory, store } = split();
  const origin = { producer: "p", sequence: 1, firstSentAt: undefined };
  for (const durability of ["memory", "disk"] as const) {
    await store.open(durability, { retention, durability });
    await store.append(durability, [{ ...draft("1"), origin }]);
    await store.present(durability, "m", undefined);
    expect(await store.read(durability, everything)).toHaveLength(1);
    expect(await store.find(durability, origin)).toBe(1);
  }
  expect([memory.logCount, disk.logCount, memory.members.length, disk.members.length]).toEqual([1, 1, 1, 1]);
  await store.release("memory");
  await store.release("disk");
  await store.open("memory", { retention, durability: "disk" });
  expect([memory.logCount, disk.logCount]).toEqual([1, 2]);
  await store.close();
  expect([memory.logCount, disk.logCount]).toEqual([0, 0]);
});

it("appends to both in one call, what is on disk first, and each writes its own rider", async () => {
  const order: string[] = [];
  class Noting extends Disk {
    override async appendAll(batches: readonly Batch[], rider: Rider | undefined): Promise<(readonly Appended[])[]> {
      order.push(batches.map(({ channel }) => channel).join("+"));
      return [...(await super.appendAll(batches, rider))];
    }
  }
  const { store } = split(new Noting({ clock: new VirtualClock(), random: new SeededRandom(2) }));
  for (const channel of ["a", "c"]) await store.open(channel, { retention, durability: "memory" });
  for (const channel of ["b", "d"]) await store.open(channel, { retention, durability: "disk" });
  const batches = ["a", "b", "c", "d"].map((channel) => ({ channel, drafts: [draft(channel), draft("2")] }));
  const appended = await store.appendAll(batches, {
    durability: "memory",
    write: () => void order.push("the memory's rider"),
  });
  expect(appended.map((outcomes) => outcomes.length)).toEqual([2, 2, 2, 2]);
  expect(appended.flatMap(([first]) => (first?.kind === "appended" ? [first.message.channel] : []))).toEqual(
    batches.map(({ channel }) => channel),
  );
  await store.appendAll([], { durability: "disk", write: () => void order.push("the disk's rider") });
  await store.appendAll([], undefined);
  expect(order).toEqual(["b+d", "the memory's rider", "", "the disk's rider"]);
});

it("writes nothing in memory where the disk cannot be written", async () => {
  class Full extends Disk {
    override appendAll(): Promise<never> {
      return Promise.reject(new Error("full"));
    }
  }
  const { store } = split(new Full({ clock: new VirtualClock(), random: new SeededRandom(2) }));
  await store.open("a", { retention, durability: "memory" });
  const rider = { durability: "disk", write: () => {} } as const;
  await expect(store.appendAll([{ channel: "a", drafts: [draft("1")] }], rider)).rejects.toThrow("full");
  expect(await store.read("a", everything)).toEqual([]);
});

it("writes nothing at all where one of the stores knows no transactions", async () => {
  const disk = new Disk({ clock: new VirtualClock(), random: new SeededRandom(2) });
  const plain = callsOf(new MemoryStore({ clock: new VirtualClock(), random: new SeededRandom(1) }));
  const store = new SplitStore(plain, disk);
  await store.open("a", { retention, durability: "memory" });
  await store.open("b", { retention, durability: "disk" });
  const batches = ["a", "b"].map((channel) => ({ channel, drafts: [draft("1")] }));
  await expect(store.appendAll(batches, undefined)).rejects.toMatchObject({ code: "hub/no-transactions" });
  expect(await store.read("b", everything)).toEqual([]);
});
