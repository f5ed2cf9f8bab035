import { expect, it } from "vitest";
import { RequestTable, type Outcome } from "./request-table.js";

function send(table: RequestTable): { id: number; outcomes: Outcome<"join">[] } {
  const id = table.nextId();
  const outcomes: Outcome<"join">[] = [];
  table.add({ id, do: "join" }, (outcome) => outcomes.push(outcome));
  return { id, outcomes };
}

it("each reply finds its request, in any order, and once", () => {
  const table = new RequestTable();
  const first = send(table);
  const second = send(table);
  expect(table.settle({ re: second.id, ok: { member: "m2" } })).toBe(true);
  expect(table.settle({ re: first.id, ok: { member: "m1" } })).toBe(true);
  expect(table.settle({ re: first.id, ok: { member: "m1" } })).toBe(false);
  expect(first.outcomes).toEqual([{ kind: "ok", ok: { member: "m1" } }]);
  expect(second.outcomes).toEqual([{ kind: "ok", ok: { member: "m2" } }]);
});

it("a refusal carries the server's error", () => {
  const table = new RequestTable();
  const { id, outcomes } = send(table);
  table.settle({ re: id, error: { code: "limit/rate", message: "slow down", retryable: true, retryAfterMs: 40 } });
  expect(outcomes).toMatchObject([
    { kind: "refused", error: { code: "limit/rate", message: "slow down", retryable: true, retryAfterMs: 40, re: id } },
  ]);
});

it("an answer that is not one to this command is an error, not a crash", () => {
  const table = new RequestTable();
  const { id, outcomes } = send(table);
  table.settle({ re: id, ok: { member: 7 } });
  expect(outcomes).toMatchObject([{ kind: "refused", error: { code: "wire/malformed" } }]);
});

it("what belongs to no request is left to the caller", () => {
  const table = new RequestTable();
  const error = { code: "wire/not-json", message: "", retryable: false };
  expect(table.settle({ error })).toBe(false);
  expect(table.settle({ re: 9, error })).toBe(false);
});

it("a lost connection loses each request once, in the order of sending", () => {
  const table = new RequestTable();
  const one = send(table);
  const two = send(table);
  table.loseAll();
  table.loseAll();
  expect([one.outcomes, two.outcomes]).toEqual([[{ kind: "lost" }], [{ kind: "lost" }]]);
});

it("what the server never listened to is told apart from what nobody knows", () => {
  const table = new RequestTable();
  const { outcomes } = send(table);
  table.loseAll(true);
  expect(outcomes).toEqual([{ kind: "lost", isUnheard: true }]);
});
