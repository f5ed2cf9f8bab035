import { beforeEach, describe, expect, it } from "vitest";
import { SeededRandom } from "../../testing/seeded-random.js";
import { costOf } from "./memory-log.js";
import { MemoryStore, type MemoryStoreLimits } from "./memory-store.js";

const draft = (payload = "0") => ({ payload, from: "ada", at: 1 });
const retention = { keep: 10 };
const everything = { after: 0, until: Number.MAX_SAFE_INTEGER, messagesMax: 1000, bytesMax: 1e9 };

function storeWith(limits: Partial<MemoryStoreLimits> = {}): MemoryStore {
  return new MemoryStore({ random: new SeededRandom(1), limits });
}

async function fill(store: MemoryStore, channel: string, ...payloads: string[]): Promise<string> {
  const { epoch } = await store.open(channel, retention);
  await store.append(channel, payloads.map(draft));
  await store.release(channel);
  return epoch;
}

describe("a store in memory", () => {
  let store: MemoryStore;
  beforeEach(() => {
    store = storeWith();
  });

  it("appends in order and gives back what it appended", async () => {
    expect(await store.open("a", retention)).toEqual({ epoch: expect.any(String), head: 0 });
    const appended = await store.append("a", [draft("1"), draft("2")]);
    expect(appended.map(({ offset, payload }) => [offset, payload])).toEqual([
      [1, "1"],
      [2, "2"],
    ]);
    expect(await store.read("a", everything)).toEqual(appended);
  });

  it("keeps a log that nobody uses", async () => {
    const epoch = await fill(store, "a", "1", "2");
    expect(await store.open("a", retention)).toEqual({ epoch, head: 2 });
    expect(await store.read("a", everything)).toHaveLength(2);
    expect(store.logCount).toBe(1);
  });

  it("keeps nothing of a log in which there was nothing, and goes on with it as if it had", async () => {
    const { epoch } = await store.open("a", retention);
    await store.release("a");
    expect(store.logCount).toBe(0);
    expect(await store.open("a", retention)).toEqual({ epoch, head: 0 });
  });

  it("keeps a channel's logs apart, whatever they are called", async () => {
    for (const channel of ["__proto__", "constructor", "a"]) await fill(store, channel, JSON.stringify(channel));
    await store.open("__proto__", retention);
    expect((await store.read("__proto__", everything)).map(({ payload }) => payload)).toEqual(['"__proto__"']);
  });

  it("begins a new epoch in every process", async () => {
    const other = new MemoryStore({ random: new SeededRandom(2) });
    expect((await store.open("a", retention)).epoch).not.toBe((await other.open("a", retention)).epoch);
  });

  it("is used by opening first, once", async () => {
    await expect(store.append("a", [draft()])).rejects.toMatchObject({ code: "kernel/assertion" });
    await store.open("a", retention);
    await expect(store.open("a", retention)).rejects.toMatchObject({ code: "kernel/assertion" });
  });

  it("is empty when it was closed", async () => {
    await fill(store, "a", "1");
    await store.open("b", retention);
    await store.close();
    expect([store.logCount, store.bytes]).toEqual([0, 0]);
  });
});

describe("a store in memory that is full", () => {
  it("forgets the log that was unused longest, which then begins a new epoch", async () => {
    const store = storeWith({ logsMax: 2 });
    const epoch = await fill(store, "a", "1");
    await fill(store, "b", "1");
    await store.open("a", retention);
    await store.release("a");
    await store.open("c", retention);
    expect(store.logCount).toBe(2);
    expect(await store.open("a", retention)).toEqual({ epoch, head: 1 });
    await store.release("c");
    const again = await store.open("b", retention);
    expect(again.head).toBe(0);
    expect(again.epoch).not.toBe(epoch);
  });

  it("refuses another channel when all are in use", async () => {
    const store = storeWith({ logsMax: 1 });
    await store.open("a", retention);
    await expect(store.open("b", retention)).rejects.toMatchObject({ code: "store/full", retryable: true });
    await store.release("a");
    await expect(store.open("b", retention)).resolves.toMatchObject({ head: 0 });
  });

  it("keeps no more bytes of one log than it may", async () => {
    const store = storeWith({ logBytesMax: 3 * costOf(draft()) });
    await store.open("a", retention);
    await store.append("a", [draft(), draft(), draft(), draft(), draft()]);
    expect((await store.read("a", everything)).map(({ offset }) => offset)).toEqual([3, 4, 5]);
    expect(store.bytes).toBe(3 * costOf(draft()));
  });

  it("keeps no more bytes of all logs than it may: unused logs go first, then the oldest messages", async () => {
    const store = storeWith({ bytesMax: 4 * costOf(draft()) });
    await fill(store, "a", "1", "2");
    await store.open("b", retention);
    await store.append("b", [draft(), draft(), draft()]);
    expect(store.logCount).toBe(1);
    expect(store.bytes).toBe(3 * costOf(draft()));
    await store.append("b", [draft(), draft()]);
    expect((await store.read("b", everything)).map(({ offset }) => offset)).toEqual([2, 3, 4, 5]);
    expect(store.bytes).toBe(4 * costOf(draft()));
  });

  it("lets a message pass that is too large to be kept", async () => {
    const store = storeWith({ bytesMax: 1 });
    await store.open("a", retention);
    expect(await store.append("a", [draft("12345")])).toMatchObject([{ offset: 1 }]);
    expect(store.bytes).toBe(0);
    await store.open("b", { keep: 0 });
    expect(await store.append("b", [draft(), draft()])).toMatchObject([{ offset: 1 }, { offset: 2 }]);
    expect(await store.read("b", everything)).toEqual([]);
  });
});
