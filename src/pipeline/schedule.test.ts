import { describe, expect, it } from "vitest";
import { NO_PLACE, type QueueEntry } from "./lane.js";
import { Schedule } from "./schedule.js";

const HOUR_MS = 3_600_000;

function entryOf(sequence: number, attempts: number): QueueEntry {
  const head = {
    sequence,
    id: `m${sequence}`,
    queue: "q",
    channel: "q",
    key: "k",
    bytes: 1,
    dueAt: undefined,
    at: 0,
    attempts,
    state: "waiting" as const,
  };
  const place = { place: NO_PLACE, isInLine: false, dueAtMs: 0, lease: undefined, ageIndex: 0 };
  return { head, state: "scheduled", attempts, ...place };
}

function takenAt(schedule: Schedule, wallMs: number): number[] {
  schedule.hear(wallMs);
  const taken: number[] = [];
  for (let entry = schedule.take(); entry !== undefined; entry = schedule.take()) taken.push(entry.head.sequence);
  return taken;
}

describe("a schedule", () => {
  it("lets jobs go when they are due, by their time and then by their age", () => {
    const schedule = new Schedule();
    expect(schedule.dueAtMs).toBeUndefined();
    schedule.add(entryOf(3, 0), 20);
    schedule.add(entryOf(2, 0), 20);
    schedule.add(entryOf(1, 0), 30);
    schedule.add(entryOf(4, 2), 10);
    expect(schedule.dueAtMs).toBe(10);
    expect(takenAt(schedule, 9)).toEqual([]);
    expect(takenAt(schedule, 10)).toEqual([4]);
    expect(schedule.dueAtMs).toBe(20);
    expect(takenAt(schedule, 100)).toEqual([2, 3, 1]);
    expect(schedule.dueAtMs).toBeUndefined();
  });

  it("holds no retry up when the wall clock is set back, and keeps what is for a time until that time", () => {
    const schedule = new Schedule();
    schedule.hear(HOUR_MS);
    schedule.add(entryOf(1, 0), HOUR_MS + 500);
    schedule.add(entryOf(2, 1), HOUR_MS + 500);
    expect(takenAt(schedule, 100)).toEqual([]);
    expect(schedule.dueAtMs).toBe(600);
    schedule.add(entryOf(3, 1), 550);
    expect(takenAt(schedule, 550)).toEqual([3]);
    expect(takenAt(schedule, 599)).toEqual([]);
    expect(takenAt(schedule, 600)).toEqual([2]);
    expect(schedule.dueAtMs).toBe(HOUR_MS + 500);
    expect(takenAt(schedule, HOUR_MS + 500)).toEqual([1]);
  });

  it("tries early what waits when the wall clock is set forward", () => {
    const schedule = new Schedule();
    schedule.hear(0);
    schedule.add(entryOf(1, 1), 500);
    expect(takenAt(schedule, HOUR_MS)).toEqual([1]);
  });
});
