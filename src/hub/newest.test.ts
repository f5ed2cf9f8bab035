import { describe, expect, it } from "vitest";
import { readAll, readNewest, type Backlog, type Stretch } from "./newest.js";
import type { Message } from "./store.js";

/** A log of these payloads, undefined where a message is gone, read in batches of this size. */
function backlogOf(payloads: readonly (string | undefined)[], batchMax = 4): Backlog & { reads: number } {
  return {
    reads: 0,
    async read(after, until) {
      this.reads++;
      const batch: Message[] = [];
      for (let offset = after + 1; offset <= until && batch.length < batchMax; offset++) {
        const payload = payloads[offset - 1];
        if (payload !== undefined) batch.push({ channel: "a", offset, payload, from: "", at: 0 });
        else if (batch.length > 0) break;
      }
      return batch;
    },
  };
}

const offsets = ({ lostTo, messages, readTo }: Stretch) => ({
  lostTo,
  offsets: messages.map(({ offset }) => offset),
  readTo,
});

describe("all of a backlog", () => {
  it("is read in bounded parts, each behind the last", async () => {
    const log = backlogOf(["1", "2", "3", "4", "5"]);
    expect(offsets(await readAll(log, 0, 5))).toEqual({ lostTo: 0, offsets: [1, 2, 3, 4], readTo: 4 });
    expect(offsets(await readAll(log, 4, 5))).toEqual({ lostTo: 4, offsets: [5], readTo: 5 });
  });

  it("says how far it is gone", async () => {
    expect(offsets(await readAll(backlogOf([undefined, undefined, "3"]), 0, 3))).toMatchObject({
      lostTo: 2,
      offsets: [3],
    });
    expect(offsets(await readAll(backlogOf([]), 3, 9))).toEqual({ lostTo: 9, offsets: [], readTo: 9 });
  });
});

describe("the newest of a backlog", () => {
  const newest = async (log: Backlog, until: number, key?: string) =>
    offsets(await readNewest(log, { after: 0, until, key }));

  it("without a key is the last message, whatever there is before it", async () => {
    const log = backlogOf([undefined, "2", "3", "4", "5", "6", undefined, "8", "9"]);
    expect(await newest(log, 9)).toEqual({ lostTo: 0, offsets: [9], readTo: 9 });
    expect(log.reads).toBe(1);
  });

  it("without a key is lost where the last message is", async () => {
    expect(await newest(backlogOf(["1", undefined]), 2)).toEqual({ lostTo: 2, offsets: [], readTo: 2 });
  });

  it("with a key is the last message of each value; what has none counts as one", async () => {
    const payloads = [
      '{"k":1}',
      '{"k":"1"}',
      "5",
      "null",
      '{"k":1}',
      '{"other":2}',
      '{"k":{"a":[]}}',
      '{"k":{"a":[]}}',
    ];
    expect(await newest(backlogOf(payloads), 8, "k")).toEqual({ lostTo: 0, offsets: [2, 5, 6, 8], readTo: 8 });
  });

  it("looks at the payload's own members only", async () => {
    expect(await newest(backlogOf(["{}", '{"toString":1}', "{}"]), 3, "toString")).toMatchObject({ offsets: [2, 3] });
  });

  it("is found in parts where there are too many values", async () => {
    const many = Array.from({ length: 3000 }, (_, index) => `{"k":${index}}`);
    const { offsets: found, readTo } = await newest(backlogOf(many, 256), 3000, "k");
    expect(found.length).toBeGreaterThanOrEqual(1000);
    expect(found.length).toBeLessThan(1256);
    expect(readTo).toBe(found.length);
  });

  it("is found in parts where they take too much room, counted once for each value, and so are the values", async () => {
    const text = "x".repeat(100_000);
    const large = Array.from({ length: 30 }, (_, index) => JSON.stringify({ k: index, text }));
    expect(await newest(backlogOf(large, 1), 30, "k")).toMatchObject({ readTo: 11 });
    const alike = large.map((payload) => payload.replace(/"k":\d+/, '"k":0'));
    expect(await newest(backlogOf(alike, 1), 30, "k")).toMatchObject({ offsets: [30], readTo: 30 });
    const values = Array.from({ length: 30 }, (_, index) => JSON.stringify({ k: text + index }));
    expect(await newest(backlogOf(values, 1), 30, "k")).toMatchObject({ readTo: 6 });
  });

  it("with a key counts what is gone as lost: one of it may have been the newest of its value", async () => {
    const log = backlogOf([undefined, undefined, '{"k":1}', '{"k":1}', undefined, '{"k":2}']);
    expect(await newest(log, 6, "k")).toEqual({ lostTo: 2, offsets: [4], readTo: 4 });
    const next = await readNewest(log, { after: 4, until: 6, key: "k" });
    expect(offsets(next)).toEqual({ lostTo: 5, offsets: [6], readTo: 6 });
  });

  it("goes to the end where all that was asked for is gone", async () => {
    expect(offsets(await readNewest(backlogOf([]), { after: 3, until: 9, key: "k" }))).toEqual({
      lostTo: 9,
      offsets: [],
      readTo: 9,
    });
  });
});
