import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Appended, Draft, LogOptions, Message } from "../../hub/store.js";
import { silentLogger, type LogFields } from "../../kernel/logger.js";
import { SeededRandom } from "../../testing/seeded-random.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { NodeRandom } from "../node/random.js";
import { Environment } from "./environment.js";
import { LmdbStore } from "./lmdb-store.js";
import { offsetKey } from "./records.js";

const unbounded = { keep: 1000, forMs: Infinity, bytesMax: Infinity };
const options = (retention: Partial<LogOptions["retention"]> = {}): LogOptions => ({
  retention: { ...unbounded, ...retention },
  durability: "disk",
});
const everything = { after: 0, until: Number.MAX_SAFE_INTEGER, messagesMax: 1000, bytesMax: 1e9 };

describe("the embedded store", () => {
  let folder: string;
  let clock: VirtualClock;
  let store: LmdbStore;
  let reports: LogFields[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "busbar-lmdb-"));
    clock = new VirtualClock();
    reports = [];
    store = await opened();
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const logger = {
    ...silentLogger,
    error: (event: string, fields?: LogFields) => void reports.push({ event, ...fields }),
  };
  const opened = (limits = {}): Promise<LmdbStore> =>
    LmdbStore.open({ path: folder, clock, random: new NodeRandom(), logger, limits });
  const reopen = async (limits = {}): Promise<void> => {
    await store.close();
    store = await opened(limits);
  };
  const draft = (payload = "0", sequence?: number, firstSentAt?: number): Draft => ({
    payload,
    from: "ada",
    at: clock.wallTimeMs(),
    origin: sequence === undefined ? undefined : { producer: "p", sequence, firstSentAt },
  });
  const fill = async (...payloads: string[]): Promise<readonly Appended[]> =>
    store.append(
      "a",
      payloads.map((payload) => draft(payload)),
    );
  const offsets = async (after = 0): Promise<number[]> =>
    (await store.read("a", { ...everything, after })).map(({ offset }: Message) => offset);

  it("gives back what was appended, also after a restart, in the same epoch", async () => {
    const { epoch } = await store.open("a", options());
    await fill("1", '{"text":"Zoë 😀"}');
    await fill("3");
    await reopen();
    expect(await store.open("a", options())).toEqual({ epoch, head: 3, members: [] });
    const messages = await store.read("a", everything);
    expect(messages.map(({ offset, payload }) => [offset, payload])).toEqual([
      [1, "1"],
      [2, '{"text":"Zoë 😀"}'],
      [3, "3"],
    ]);
    expect(messages[0]).toMatchObject({ channel: "a", from: "ada", at: clock.wallTimeMs() });
  });

  it("reads from behind a position, with a bound on number, size and end", async () => {
    await store.open("a", options());
    await fill("1", "2", "3", "4", "5");
    expect(await offsets(3)).toEqual([4, 5]);
    const read = async (range: object): Promise<number> => (await store.read("a", { ...everything, ...range })).length;
    expect([await read({ messagesMax: 2 }), await read({ bytesMax: 1 }), await read({ until: 4 })]).toEqual([2, 1, 4]);
  });

  it("keeps channels apart, whatever they are called", async () => {
    for (const channel of ["__proto__", "a", "a/b", "z".repeat(255)]) {
      await store.open(channel, options());
      await store.append(channel, [draft(JSON.stringify(channel))]);
    }
    for (const channel of ["__proto__", "a", "a/b", "z".repeat(255)]) {
      expect((await store.read(channel, everything)).map(({ payload }) => payload)).toEqual([JSON.stringify(channel)]);
    }
  });

  it("lets go of the oldest messages by number, size and age, and gives none that are out of bounds", async () => {
    await store.open("a", options({ keep: 3 }));
    for (const payload of ["1", "2", "3", "4", "5"]) await fill(payload);
    expect(await offsets()).toEqual([3, 4, 5]);
    await store.release("a");
    await store.open("a", options({ bytesMax: 70 }));
    for (const payload of ["6", "7", "8", "9"]) await fill(payload);
    expect((await offsets()).at(-1)).toBe(9);
    expect((await offsets()).length).toBeLessThan(6);
    await store.release("a");
    await store.open("a", options({ forMs: 1000 }));
    clock.advance(600);
    await fill("10");
    clock.advance(600);
    expect(await offsets()).toEqual([10]);
    clock.advance(600);
    expect(await offsets()).toEqual([]);
  });

  it("keeps nothing where nothing is to be kept, and goes on counting", async () => {
    await store.open("a", options({ keep: 0 }));
    await fill("1", "2");
    expect(await offsets()).toEqual([]);
    await reopen();
    expect(await store.open("a", options({ keep: 0 }))).toMatchObject({ head: 2 });
  });

  it("lets go of old messages in channels that nobody uses, a few at a time", async () => {
    for (let channel = 0; channel < 70; channel++) {
      await store.open(`c${channel}`, options({ forMs: 1000 }));
      await store.append(`c${channel}`, [draft(), draft()]);
      if (channel > 0) await store.release(`c${channel}`);
    }
    clock.advance(2000);
    for (let sweep = 0; sweep < 4; sweep++) clock.advance(10_000);
    await store.close();
    const environment = await Environment.open(folder, new SeededRandom(1));
    expect(environment.messages.getCount()).toBe(2);
    await environment.close();
    store = await opened();
  });

  describe("of repeats", () => {
    it("holds none twice, not even in one batch or after a restart", async () => {
      await store.open("a", options());
      const twice = await store.append("a", [draft("1", 1), draft("1", 1), draft("2", 2)]);
      expect(twice.map(({ kind }) => kind)).toEqual(["appended", "repeat", "appended"]);
      await reopen();
      await store.open("a", options());
      expect(await store.append("a", [draft("2", 2, clock.wallTimeMs())])).toEqual([{ kind: "repeat", offset: 2 }]);
      expect(await store.find("a", { producer: "p", sequence: 2 })).toBe(2);
      expect(await store.find("a", { producer: "p", sequence: 9 })).toBeUndefined();
      expect(await offsets()).toEqual([1, 2]);
    });

    it("forgets them by age and by number, and then refuses what may be one", async () => {
      await reopen({ windowMs: 1000, windowMessagesMax: 2 });
      await store.open("a", options());
      const begun = clock.wallTimeMs();
      for (const sequence of [1, 2, 3]) await store.append("a", [draft("0", sequence)]);
      expect(await store.find("a", { producer: "p", sequence: 1 })).toBeUndefined();
      expect(await store.append("a", [draft("0", 1, begun)])).toEqual([{ kind: "unknown" }]);
      expect(await store.append("a", [draft("0", 3, begun)])).toEqual([{ kind: "repeat", offset: 3 }]);
      clock.advance(120_000);
      expect(await store.append("a", [draft("0", 9, clock.wallTimeMs() - 10)])).toMatchObject([{ kind: "appended" }]);
      expect(await store.find("a", { producer: "p", sequence: 3 })).toBeUndefined();
    });
  });

  it("remembers who was present, until they left", async () => {
    await store.open("a", options());
    await store.present("a", "m1", { id: "ada", state: "{}" });
    await store.present("a", "m2", { id: "bob", state: "[]" });
    await store.present("a", "m1", undefined);
    await store.present("a", "m1", undefined);
    await reopen();
    expect(await store.open("a", options())).toMatchObject({ members: [{ member: "m2", id: "bob", state: "[]" }] });
  });

  it("is used by opening first, once, and closed behind what is under way", async () => {
    expect(() => store.append("a", [draft()])).toThrow(expect.objectContaining({ code: "kernel/assertion" }));
    await store.open("a", options());
    await expect(store.open("a", options())).rejects.toMatchObject({ code: "kernel/assertion" });
    const appending = fill("1");
    await reopen();
    await expect(appending).resolves.toHaveLength(1);
    expect(await store.open("a", options())).toMatchObject({ head: 1 });
  });

  describe("read by several", () => {
    const read = (after = 0, limits = {}): Promise<readonly Message[]> =>
      store.read("a", { ...everything, after, ...limits });

    it("gives the same messages to all, decoded once, also to who begins in their middle", async () => {
      await store.open("a", options());
      await fill("1", "2", "3");
      const first = await read();
      expect(await read()).toBe(first);
      expect((await read(1))[0]).toBe(first[1]);
    });

    it("gives what was appended since, too", async () => {
      await store.open("a", options());
      await fill("1");
      await read();
      await fill("2");
      expect(await offsets()).toEqual([1, 2]);
    });

    it("gives nothing that was let go of meanwhile, for its number or its bytes", async () => {
      await store.open("a", options({ keep: 3 }));
      await fill("1", "2", "3");
      await read();
      await fill("4");
      expect([await offsets(), await offsets(1)]).toEqual([
        [2, 3, 4],
        [2, 3, 4],
      ]);
      await store.release("a");
      await store.open("a", options({ keep: 2 }));
      expect(await offsets()).toEqual([3, 4]);
      await store.release("a");
      await store.open("a", options({ bytesMax: 1 }));
      await store.release("a");
      await store.open("a", options({ bytesMax: 1 }));
      expect(await offsets()).toEqual([4]);
    });

    it("gives nothing that has become too old, and reads what is not", async () => {
      await store.open("a", options({ forMs: 100 }));
      await fill("1");
      clock.advance(60);
      await fill("2");
      expect(await offsets()).toEqual([1, 2]);
      clock.advance(41);
      expect(await offsets()).toEqual([2]);
    });

    it("does not give one channel's messages for another's", async () => {
      await store.open("a", options());
      await store.open("b", options());
      await fill("1");
      await store.append("b", [draft("2")]);
      await read();
      expect((await store.read("b", everything)).map(({ payload }) => payload)).toEqual(["2"]);
    });

    it("reads anew where nothing is to be kept", async () => {
      await reopen({ readBatchesBytesMax: 1 });
      await store.open("a", options());
      await fill("1", "2");
      const first = await read();
      expect(await read()).toEqual(first);
      expect(await read()).not.toBe(first);
    });
  });

  describe("that was damaged", () => {
    const damage = async (table: "channels" | "members" | "messages" | "origins" | "window"): Promise<void> => {
      await store.close();
      const environment = await Environment.open(folder, new SeededRandom(1));
      for (const { key, value } of [...environment[table].getRange({})].slice(0, 1)) {
        const flipped = Buffer.from(value);
        flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
        await environment[table].put(Buffer.from(key), flipped);
      }
      await environment.close();
      store = await opened({ windowMs: 1000 });
    };

    it("reports a message with a flipped bit, and never gives it", async () => {
      await store.open("a", options());
      await fill("1", "2", "3");
      await damage("messages");
      await store.open("a", options());
      expect(await offsets()).toEqual([2, 3]);
      expect(reports).toEqual([{ event: "store/corrupt", channel: "a", what: "a message", which: 1 }]);
    });

    it("stops in front of a damaged message, and begins behind it", async () => {
      await store.open("a", options());
      await fill("1", "2", "3");
      await store.close();
      const environment = await Environment.open(folder, new SeededRandom(1));
      await environment.messages.put(offsetKey(1, 2), Buffer.from("damaged"));
      await environment.close();
      store = await opened();
      await store.open("a", options());
      expect([await offsets(), await offsets(1)]).toEqual([[1], [3]]);
    });

    it("does not open a channel whose own record is damaged", async () => {
      await store.open("a", options());
      await fill("1");
      await damage("channels");
      await expect(store.open("a", options())).rejects.toMatchObject({ code: "store/corrupt" });
    });

    it("goes on without a damaged member, origin or entry of the window", async () => {
      await store.open("a", options());
      await store.append("a", [draft("1", 1)]);
      await store.present("a", "m", { id: "ada", state: "1" });
      await damage("members");
      await damage("origins");
      expect(await store.open("a", options())).toMatchObject({ members: [] });
      expect(await store.find("a", { producer: "p", sequence: 1 })).toBeUndefined();
      await damage("window");
      clock.advance(5000);
      await store.open("a", options());
      await fill("2");
      expect(reports.map(({ what }) => what)).toEqual(expect.arrayContaining(["a member", "an origin"]));
      expect(await offsets()).toEqual([1, 2]);
    });
  });
});
