import { beforeEach, describe, expect, it } from "vitest";
import type { Draft, LogOptions, Message, Origin } from "../../hub/store.js";
import { SeededRandom } from "../../testing/seeded-random.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { costOf } from "./memory-log.js";
import { MemoryStore, type MemoryStoreLimits } from "./memory-store.js";
import { originBytes } from "./origin-window.js";

const draft = (payload = "0", origin?: Origin): Draft => ({
  payload,
  from: "ada",
  at: new VirtualClock().wallTimeMs(),
  origin,
});
const origin = (sequence: number): Origin => ({ producer: "p", sequence, firstSentAt: undefined });
const log: LogOptions = { durability: "memory", retention: { keep: 10, forMs: Infinity, bytesMax: Infinity } };
const everything = { after: 0, until: Number.MAX_SAFE_INTEGER, messagesMax: 1000, bytesMax: 1e9 };

function storeWith(limits: Partial<MemoryStoreLimits> = {}, clock = new VirtualClock()): MemoryStore {
  return new MemoryStore({ clock, random: new SeededRandom(1), limits });
}

/** Append, and give back what is in the log then. */
async function append(store: MemoryStore, channel: string, ...payloads: string[]): Promise<Message[]> {
  const appended = await store.append(
    channel,
    payloads.map((payload) => draft(payload)),
  );
  return appended.flatMap((outcome) => (outcome.kind === "appended" ? [outcome.message] : []));
}

async function fill(store: MemoryStore, channel: string, ...payloads: string[]): Promise<string> {
  const { epoch } = await store.open(channel, log);
  await append(store, channel, ...payloads);
  await store.release(channel);
  return epoch;
}

describe("a store in memory", () => {
  let store: MemoryStore;
  beforeEach(() => {
    store = storeWith();
  });

  it("appends in order and gives back what it appended", async () => {
    expect(await store.open("a", log)).toEqual({ epoch: expect.any(String), head: 0, members: [] });
    const appended = await append(store, "a", "1", "2");
    expect(appended.map(({ offset, payload }) => [offset, payload])).toEqual([
      [1, "1"],
      [2, "2"],
    ]);
    expect(await store.read("a", everything)).toEqual(appended);
  });

  it("keeps a log that nobody uses", async () => {
    const epoch = await fill(store, "a", "1", "2");
    expect(await store.open("a", log)).toEqual({ epoch, head: 2, members: [] });
    expect(await store.read("a", everything)).toHaveLength(2);
    expect(store.logCount).toBe(1);
  });

  it("keeps nothing of a log in which there was nothing, and goes on with it as if it had", async () => {
    const { epoch } = await store.open("a", log);
    await store.release("a");
    expect(store.logCount).toBe(0);
    expect(await store.open("a", log)).toEqual({ epoch, head: 0, members: [] });
  });

  it("keeps a channel's logs apart, whatever they are called", async () => {
    for (const channel of ["__proto__", "constructor", "a"]) await fill(store, channel, JSON.stringify(channel));
    await store.open("__proto__", log);
    expect((await store.read("__proto__", everything)).map(({ payload }) => payload)).toEqual(['"__proto__"']);
  });

  it("begins a new epoch in every process", async () => {
    const other = new MemoryStore({ clock: new VirtualClock(), random: new SeededRandom(2) });
    expect((await store.open("a", log)).epoch).not.toBe((await other.open("a", log)).epoch);
  });

  it("keeps nothing on disk", async () => {
    const refused = store.open("a", { ...log, durability: "disk" });
    await expect(refused).rejects.toMatchObject({ code: "store/not-durable", retryable: false });
    expect(store.logCount).toBe(0);
  });

  it("has nobody present when a log is opened", async () => {
    await fill(store, "a", "1");
    await store.open("a", log);
    await store.present("a");
    await store.release("a");
    expect(await store.open("a", log)).toMatchObject({ members: [] });
    await expect(store.present("b")).rejects.toMatchObject({ code: "kernel/assertion" });
  });

  it("is used by opening first, once", async () => {
    await expect(store.append("a", [draft()])).rejects.toMatchObject({ code: "kernel/assertion" });
    await store.open("a", log);
    await expect(store.open("a", log)).rejects.toMatchObject({ code: "kernel/assertion" });
  });

  it("is empty when it was closed", async () => {
    await fill(store, "a", "1");
    await store.open("b", log);
    await store.close();
    expect([store.logCount, store.bytes]).toEqual([0, 0]);
  });
});

describe("a store in memory that is full", () => {
  it("forgets the log that was unused longest, which then begins a new epoch", async () => {
    const store = storeWith({ logsMax: 2 });
    const epoch = await fill(store, "a", "1");
    await fill(store, "b", "1");
    await store.open("a", log);
    await store.release("a");
    await store.open("c", log);
    expect(store.logCount).toBe(2);
    expect(await store.open("a", log)).toEqual({ epoch, head: 1, members: [] });
    await store.release("c");
    const again = await store.open("b", log);
    expect(again.head).toBe(0);
    expect(again.epoch).not.toBe(epoch);
  });

  it("refuses another channel when all are in use", async () => {
    const store = storeWith({ logsMax: 1 });
    await store.open("a", log);
    await expect(store.open("b", log)).rejects.toMatchObject({ code: "store/full", retryable: true });
    await store.release("a");
    await expect(store.open("b", log)).resolves.toMatchObject({ head: 0 });
  });

  it("keeps no more bytes of one log than it may", async () => {
    const store = storeWith({ logBytesMax: 3 * costOf(draft()) });
    await store.open("a", log);
    await store.append("a", [draft(), draft(), draft(), draft(), draft()]);
    expect((await store.read("a", everything)).map(({ offset }) => offset)).toEqual([3, 4, 5]);
    expect(store.bytes).toBe(3 * costOf(draft()));
  });

  it("keeps no more bytes of all logs than it may: unused logs go first, then the oldest messages", async () => {
    const store = storeWith({ bytesMax: 4 * costOf(draft()) });
    await fill(store, "a", "1", "2");
    await store.open("b", log);
    await store.append("b", [draft(), draft(), draft()]);
    expect(store.logCount).toBe(1);
    expect(store.bytes).toBe(3 * costOf(draft()));
    await store.append("b", [draft(), draft()]);
    expect((await store.read("b", everything)).map(({ offset }) => offset)).toEqual([2, 3, 4, 5]);
    expect(store.bytes).toBe(4 * costOf(draft()));
  });

  it("lets a message pass that is too large to be kept", async () => {
    const store = storeWith({ bytesMax: 1 });
    await store.open("a", log);
    expect(await store.append("a", [draft("12345")])).toMatchObject([{ message: { offset: 1 } }]);
    expect(store.bytes).toBe(0);
    await store.open("b", { ...log, retention: { ...log.retention, keep: 0 } });
    expect(await store.append("b", [draft(), draft()])).toMatchObject([
      { message: { offset: 1 } },
      { message: { offset: 2 } },
    ]);
    expect(await store.read("b", everything)).toEqual([]);
  });

  it("counts remembered publishes to what all logs may take, not to what one log may", async () => {
    const message = costOf(draft());
    const store = storeWith({ logBytesMax: 2 * message, bytesMax: 2 * message + 3 * originBytes });
    await store.open("a", log);
    for (let sequence = 1; sequence <= 3; sequence++) await store.append("a", [draft("0", origin(sequence))]);
    expect(store.bytes).toBe(2 * message + 3 * originBytes);
    expect(await store.read("a", everything)).toHaveLength(2);
    await store.open("b", log);
    await append(store, "b", "0", "0", "0");
    expect(store.bytes).toBeLessThanOrEqual(2 * message + 3 * originBytes);
    expect(await store.find("a", origin(1))).toBe(1);
  });

  it("forgets what it remembers of publishes when there is nothing else to forget", async () => {
    const store = storeWith({ bytesMax: 2 * originBytes });
    await store.open("a", log);
    for (let sequence = 1; sequence <= 5; sequence++) await store.append("a", [draft("0", origin(sequence))]);
    expect(store.bytes).toBe(2 * originBytes);
    expect(await store.find("a", origin(3))).toBeUndefined();
    expect(await store.find("a", origin(4))).toBe(4);
    const repeat = await store.append("a", [draft("0", { ...origin(3), firstSentAt: draft().at })]);
    expect(repeat).toEqual([{ kind: "unknown" }]);
  });
});

describe("a store in memory as time passes", () => {
  it("lets go of what is too old in steps, with appends, reads and opens", async () => {
    const clock = new VirtualClock();
    const store = storeWith({}, clock);
    const forAMinute: LogOptions = { ...log, retention: { keep: 1000, forMs: 60_000, bytesMax: Infinity } };
    await store.open("a", forAMinute);
    const at = clock.wallTimeMs();
    await store.append(
      "a",
      Array.from({ length: 500 }, () => ({ ...draft(), at })),
    );
    const cost = costOf(draft());
    clock.advance(60_001);
    await store.append("a", [{ ...draft(), at: clock.wallTimeMs() }]);
    expect(store.bytes).toBe((501 - 65) * cost);
    expect(await store.read("a", everything)).toHaveLength(1);
    expect(store.bytes).toBe((501 - 65 - 64) * cost);
    await store.release("a");
    await store.open("a", forAMinute);
    expect(store.bytes).toBe((501 - 65 - 64 - 64) * cost);
    for (let turn = 0; turn < 5; turn++) await store.read("a", everything);
    expect(store.bytes).toBe(cost);
  });

  it("keeps no payload of a message that it let go of for the sake of its origin", async () => {
    const store = storeWith();
    await store.open("a", { ...log, retention: { ...log.retention, keep: 0 } });
    await store.append("a", [draft("x".repeat(1000), origin(1))]);
    expect(store.bytes).toBe(originBytes);
    expect(await store.find("a", origin(1))).toBe(1);
  });
});
