import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { LmdbStore } from "../../src/adapters/lmdb/lmdb-store.js";
import { nodeClock } from "../../src/adapters/node/clock.js";
import { NodeRandom } from "../../src/adapters/node/random.js";
import { silentLogger } from "../../src/kernel/logger.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { bundled } from "./program.js";

const CYCLES = 25;

/** What the killed processes said that they had done. */
interface Said {
  readonly accepted: Set<string>;
  readonly ended: Set<string>;
}

/** What a store has. */
interface Kept {
  /** The ids of the messages that wait. */
  readonly waiting: ReadonlySet<string>;
  /** The ids in each log, in their order. */
  readonly logs: readonly (readonly string[])[];
  readonly findings: ReadonlyMap<string, string>;
  readonly lastSequence: number;
}

/** Run the program until it has said `lines` lines, and kill it. */
async function runAndKill(args: readonly string[], lines: number, said: Said): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let left = lines;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, ...ids] = line.split(" ");
    const told = what === "accepted" ? said.accepted : what === "ended" ? said.ended : undefined;
    for (const id of ids) told?.add(id);
    if (--left === 0) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
}

async function keptIn(path: string, ids: Iterable<string>): Promise<Kept> {
  const store = await LmdbStore.open({ path, clock: nodeClock, random: new NodeRandom(), logger: silentLogger });
  const retention = { keep: 1_000_000, forMs: Infinity, bytesMax: Infinity };
  const logs: string[][] = [];
  for (const channel of ["a", "b"]) {
    const { head } = await store.open(channel, { retention, durability: "disk" });
    const range = { after: 0, until: head, messagesMax: head + 1, bytesMax: Infinity };
    logs.push((await store.read(channel, range)).map(({ payload }): string => JSON.parse(payload)));
  }
  const heads = await store.jobs.heads(0, 1_000_000);
  const findings = new Map<string, string>();
  for (const id of ids) findings.set(id, (await store.jobs.find(id))?.kind ?? "nothing");
  await store.close();
  const lastSequence = heads.at(-1)?.sequence ?? 0;
  return { waiting: new Set(heads.map(({ id }) => id)), logs, findings, lastSequence };
}

it("a queued message either waits or is in its logs, once, whenever its process is killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "busbar-kill-jobs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "data");
  const program = bundled("job-keeper");
  const random = new SeededRandom(11);
  const said: Said = { accepted: new Set(), ended: new Set() };
  let largestWaiting = 0;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    await runAndKill([program, path, String(cycle)], random.integer(2, 60), said);
    const { findings, lastSequence, logs, waiting } = await keptIn(path, said.accepted);
    const [inFirst = [], inSecond = []] = logs;
    expect(inSecond).toEqual(inFirst);
    const delivered = new Set(inFirst);
    expect(delivered.size).toBe(inFirst.length);
    const both = inFirst.filter((id) => waiting.has(id));
    const neither = [...said.accepted].filter((id) => !waiting.has(id) && !delivered.has(id));
    const undone = [...said.ended].filter((id) => !delivered.has(id));
    expect({ both, neither, undone }).toEqual({ both: [], neither: [], undone: [] });
    const unfound = [...findings].filter(([id, kind]) => kind !== (waiting.has(id) ? "job" : "ended"));
    expect(unfound).toEqual([]);
    if (waiting.size > 0) expect(lastSequence).toBeGreaterThanOrEqual(largestWaiting);
    largestWaiting = Math.max(largestWaiting, lastSequence);
  }
  expect(said.ended.size).toBeGreaterThan(CYCLES);
});
