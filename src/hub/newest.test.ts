import { expect, it } from "vitest";
import { Newest, type Backlog } from "./newest.js";
import type { Message } from "./store.js";

/** A log of these payloads, read in batches of this size; it counts them. */
function backlogOf(payloads: readonly string[], batchMax = 4): Backlog & { reads: number } {
  const messages = payloads.map((payload, index): Message => ({
    channel: "a",
    offset: index + 1,
    payload,
    from: "",
    at: 0,
  }));
  return {
    reads: 0,
    async read(after, until) {
      this.reads++;
      return messages.slice(after, until).slice(0, batchMax);
    },
  };
}

it("without a key is the last message, whatever there is before it", async () => {
  const backlog = backlogOf(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  const newest = new Newest(backlog, undefined);
  expect((await newest.read(0, 9)).map(({ offset }) => offset)).toEqual([9]);
  expect([newest.readTo, backlog.reads]).toEqual([9, 1]);
});

it("with a key is the last message of each value; what has none counts as one", async () => {
  const payloads = ['{"k":1}', '{"k":"1"}', "5", "null", '{"k":1}', '{"other":2}', '{"k":{"a":[]}}', '{"k":{"a":[]}}'];
  const newest = new Newest(backlogOf(payloads), "k");
  expect((await newest.read(0, 8)).map(({ offset }) => offset)).toEqual([2, 5, 6, 8]);
  expect(newest.readTo).toBe(8);
});

it("is found in parts where there are too many values, or too large ones", async () => {
  const many = Array.from({ length: 3000 }, (_, index) => `{"k":${index}}`);
  const first = new Newest(backlogOf(many, 256), "k");
  const found = await first.read(0, 3000);
  expect(found.length).toBeGreaterThanOrEqual(1000);
  expect(found.length).toBeLessThan(1256);
  expect(first.readTo).toBe(found.length);
  const large = Array.from({ length: 30 }, (_, index) => JSON.stringify({ k: index, text: "x".repeat(100_000) }));
  const second = new Newest(backlogOf(large, 1), "k");
  expect((await second.read(0, 30)).length).toBe(11);
  expect(second.readTo).toBe(11);
});

it("goes to the end where what was asked for is gone", async () => {
  const newest = new Newest({ read: async () => [] }, "k");
  expect(await newest.read(3, 9)).toEqual([]);
  expect(newest.readTo).toBe(9);
});
