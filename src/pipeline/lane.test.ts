import { describe, expect, it } from "vitest";
import { Lane, type QueueEntry, type QueueState } from "./lane.js";

function entryOf(place: number, state: QueueState): QueueEntry {
  const head = {
    sequence: place,
    id: `m${place}`,
    queue: "q",
    channel: "q",
    key: "k",
    bytes: 1,
    dueAt: undefined,
    at: 0,
    attempts: 0,
    state: "waiting" as const,
  };
  return { head, state, attempts: 0, place, isInLine: false, dueAtMs: 0, lease: undefined, ageIndex: 0 };
}

describe("a lane", () => {
  it("gives out one job at a time, by place", () => {
    const lane = new Lane("k");
    expect(lane.assess()).toBe("empty");
    expect(lane.take()).toBeUndefined();
    const [second, first] = [entryOf(2, "waiting"), entryOf(1, "waiting")];
    lane.join(second);
    lane.join(first);
    lane.join(first);
    expect(lane.assess()).toBe("ready");
    expect(lane.take()).toBe(first);
    expect(lane.assess()).toBe("busy");
    lane.leave();
    expect(lane.take()).toBe(second);
    lane.leave();
    expect(lane.assess()).toBe("empty");
  });

  it("is blocked by a first job that cannot go on, until that has ended", () => {
    const lane = new Lane("k");
    const first = entryOf(1, "dead");
    lane.join(first);
    lane.join(entryOf(2, "waiting"));
    expect(lane.assess()).toBe("blocked");
    first.state = "scheduled";
    expect(lane.assess()).toBe("blocked");
    first.state = "ended";
    expect(lane.assess()).toBe("ready");
  });

  it("takes a job back at its place", () => {
    const lane = new Lane("k");
    for (const place of [1, 2, 3]) lane.join(entryOf(place, "waiting"));
    const first = lane.take();
    lane.leave();
    if (first !== undefined) lane.join(first);
    expect(lane.take()).toBe(first);
  });
});
