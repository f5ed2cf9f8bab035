import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { NodeRandom } from "../node/random.js";
import { EndedIds } from "./ended-ids.js";
import { Environment } from "./environment.js";
import { readKnown, type EndedRecord } from "./job-records.js";
import { sequenceKey, sequenceOf } from "./records.js";

const ended: EndedRecord = {
  kind: "ended",
  end: { kind: "delivered" },
  channel: "a",
  origin: { producer: "p", sequence: 1 },
  principal: "{}",
};

describe("the ids of jobs that ended", () => {
  let folder: string;
  let environment: Environment;
  let clock: VirtualClock;
  let reports: [string, number][];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "busbar-ended-"));
    environment = await Environment.open(folder, new NodeRandom());
    clock = new VirtualClock({ wallTimeMs: 10_000 });
    reports = [];
  });
  afterEach(async () => {
    await environment.close();
    rmSync(folder, { recursive: true });
  });

  const idsWith = (limits: { windowMs?: number; windowMessagesMax?: number }, forgottenAt = -Infinity): EndedIds =>
    new EndedIds({
      environment,
      clock,
      limits: { windowMs: 1_000, windowMessagesMax: 1_000, ...limits },
      forgottenAt,
      report: (what, which) => void reports.push([what, which]),
    });
  const jobs = (ids: readonly string[]) => ids.map((id) => ({ id, ended }));
  const end = (ids: EndedIds, ...names: string[]): Promise<void> => {
    return environment.commit(false, ids.change(jobs(names)).writes);
  };
  const remembered = (): string[] => [...environment.jobIds.getKeys()].map((key) => key.toString());
  const numbers = (): number[] => [...environment.ends.getKeys()].map((key) => sequenceOf(key));

  it("lead to the ends, and lie in the order of these", async () => {
    await end(idsWith({}), "b", "a");
    const key = Buffer.from("a");
    expect(readKnown(key, environment.jobIds.getBinary(key) ?? key)).toEqual(ended);
    expect([remembered(), numbers()]).toEqual([
      ["a", "b"],
      [1, 2],
    ]);
  });

  it("are forgotten when they are older than the window, and no earlier", async () => {
    const ids = idsWith({ windowMs: 1_000 });
    await end(ids, "a");
    clock.advance(400);
    await end(ids, "b");
    clock.advance(600);
    await end(ids, "c");
    expect([remembered(), ids.forgottenAt]).toEqual([["a", "b", "c"], -Infinity]);
    clock.advance(1);
    await end(ids, "d");
    expect([remembered(), numbers(), ids.forgottenAt]).toEqual([["b", "c", "d"], [2, 3, 4], 10_000]);
  });

  it("are forgotten when there are too many, the oldest first", async () => {
    const ids = idsWith({ windowMessagesMax: 2 });
    await end(ids, "a", "b");
    clock.advance(1);
    await end(ids, "c", "d");
    expect([remembered(), ids.forgottenAt]).toEqual([["c", "d"], 10_000]);
  });

  it("are forgotten a few at a time", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `m${index}`);
    const ids = idsWith({});
    await end(ids, ...names);
    clock.advance(2_000);
    await end(ids, "x");
    expect(numbers()).toEqual(Array.from({ length: 36 }, (_, index) => 66 + index));
    await end(ids, "y");
    expect(remembered()).toEqual(["x", "y"]);
  });

  it("are counted and numbered from where they were when the store is opened again", async () => {
    await end(idsWith({}), "a", "b", "c");
    await environment.close();
    environment = await Environment.open(folder, new NodeRandom());
    const again = idsWith({ windowMessagesMax: 3 }, 5);
    expect(again.forgottenAt).toBe(5);
    await end(again, "d");
    expect([remembered(), numbers(), again.forgottenAt]).toEqual([["b", "c", "d"], [2, 3, 4], 10_000]);
  });

  it("are forgotten with the next call where a commit failed, and none beside them", async () => {
    const ids = idsWith({ windowMessagesMax: 3 });
    await end(ids, "a", "b", "c");
    const { undo } = ids.change(jobs(["d", "e"]));
    undo();
    await end(ids, "f");
    expect(remembered()).toEqual(["b", "c", "f"]);
    await end(ids, "g");
    expect(remembered()).toEqual(["c", "f", "g"]);
  });

  it("know that one was forgotten last whose end was the newest, also while the clock goes back", async () => {
    const ids = idsWith({ windowMessagesMax: 1 });
    await end(ids, "a");
    clock.jumpWallTime(-500);
    await end(ids, "b");
    await end(ids, "c");
    expect([remembered(), ids.forgottenAt]).toEqual([["c"], 10_000]);
  });

  it("go on without a record that is damaged, and say so once", async () => {
    const ids = idsWith({});
    await end(ids, "a", "b");
    await environment.ends.put(sequenceKey(1), Buffer.from("damaged"));
    await end(ids, "c");
    await end(ids, "d");
    expect([reports, numbers()]).toEqual([[["an ended message", 1]], [2, 3, 4]]);
    clock.advance(2_000);
    await end(ids, "e");
    expect(numbers()).toEqual([5]);
    // Nothing says any more which id it was.
    expect(remembered()).toEqual(["a", "e"]);
  });
});
