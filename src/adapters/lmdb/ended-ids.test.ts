import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownOrigin } from "../../pipeline/message-id.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { NodeRandom } from "../node/random.js";
import { EndedIds, type EndChange, type EndedJob } from "./ended-ids.js";
import { Environment } from "./environment.js";
import { sequenceKey } from "./records.js";

const limits = { windowMs: 1_000, windowMessagesMax: 3 };

describe("ids of messages that ended", () => {
  let folder: string;
  let clock: VirtualClock;
  let environment: Environment;
  let ends: EndedIds;
  let reports: unknown[][];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "busbar-ended-"));
    clock = new VirtualClock({ wallTimeMs: 1_000_000 });
    environment = await Environment.open(folder, new NodeRandom());
    reports = [];
    ends = opened();
  });
  afterEach(async () => {
    await environment.close();
    rmSync(folder, { recursive: true });
  });

  const opened = (): EndedIds => {
    const report = (...report: unknown[]): void => void reports.push(report);
    return new EndedIds({ environment, clock, limits, forgottenAt: Number.NEGATIVE_INFINITY, report });
  };
  const job = (id: string): EndedJob => {
    const ended = { kind: "ended", end: { kind: "dropped" }, channel: "c", origin: ownOrigin(id), principal: "{}" };
    return { id, ended: ended as EndedJob["ended"] };
  };
  const write = async (change: EndChange): Promise<void> => environment.commit(false, change.writes);
  const known = (): string[] => [...environment.jobIds.getKeys()].map(String);

  it("are remembered up to a number, the newest ones", async () => {
    await write(ends.change(["a", "b"].map(job)));
    await clock.pass(10);
    await write(ends.change(["c", "d"].map(job)));
    expect(known()).toEqual(["b", "c", "d"]);
    expect(ends.forgottenAt).toBe(1_000_000);
  });

  it("are remembered for a time, and go on where they stood after the next start", async () => {
    await write(ends.change(["a", "b"].map(job)));
    ends = opened();
    await clock.pass(1_001);
    await write(ends.change(["c"].map(job)));
    expect(known()).toEqual(["c"]);
    expect(environment.ends.getKeysCount()).toBe(1);
  });

  it("are counted as before where the change was not written", async () => {
    await write(ends.change(["a", "b", "c"].map(job)));
    ends.change(["d"].map(job)).undo();
    await write(ends.change(["e"].map(job)));
    expect(known()).toEqual(["b", "c", "e"]);
  });

  it("are let go of where their record is damaged, and that is reported", async () => {
    await write(ends.change(["a"].map(job)));
    await environment.commit(false, [[environment.ends, sequenceKey(1), Buffer.from("damaged")]]);
    await write(ends.change(["b"].map(job)));
    expect(reports).toEqual([["an ended message", 1]]);
    expect(environment.ends.getKeysCount()).toBe(1);
  });
});
