import { expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import type { LogOptions, OpenedLog } from "../hub/store.js";
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

it("keeps each log where its durability asks for it", async () => {
  const clock = new VirtualClock();
  const [memory, disk] = [1, 2].map((seed) => new Disk({ clock, random: new SeededRandom(seed) }));
  if (memory === undefined || disk === undefined) throw new Error("there are two");
  const store = new SplitStore(memory, disk);
  const retention = { keep: 10, forMs: Infinity, bytesMax: Infinity };
  const origin = { producer: "p", sequence: 1, firstSentAt: undefined };
  const draft = { payload: "1", from: "ada", at: clock.wallTimeMs(), origin };
  const everything = { after: 0, until: 9, messagesMax: 9, bytesMax: 99 };
  for (const durability of ["memory", "disk"] as const) {
    await store.open(durability, { retention, durability });
    await store.append(durability, [draft]);
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
