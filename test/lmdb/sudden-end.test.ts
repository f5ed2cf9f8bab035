import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { LmdbStore } from "../../src/adapters/lmdb/lmdb-store.js";
import { nodeClock } from "../../src/adapters/node/clock.js";
import { NodeRandom } from "../../src/adapters/node/random.js";
import { silentLogger } from "../../src/kernel/logger.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { bundled } from "./program.js";

const CYCLES = 25;

it("a store whose process is killed is opened at once by the next, and has all that was acknowledged, in order", async () => {
  const folder = mkdtempSync(join(tmpdir(), "busbar-kill-"));
  const path = join(folder, "data");
  const program = bundled("appender");
  const random = new SeededRandom(9);
  const epochs = new Set<string>();
  let acknowledged = 0;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const child = spawn(process.execPath, [program, path, "0", "7"], { stdio: ["ignore", "pipe", "inherit"] });
    let left = random.integer(1, 60);
    for await (const line of createInterface({ input: child.stdout })) {
      const [what, first = "", second] = line.split(" ");
      if (what === "opened") {
        epochs.add(first);
        expect(Number(second)).toBeGreaterThanOrEqual(acknowledged);
      } else acknowledged = Number(first);
      if (--left === 0) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  const store = await LmdbStore.open({ path, clock: nodeClock, random: new NodeRandom(), logger: silentLogger });
  const retention = { keep: 1_000_000, forMs: Infinity, bytesMax: Infinity };
  const { head } = await store.open("a", { retention, durability: "disk" });
  expect(head).toBeGreaterThanOrEqual(acknowledged);
  const messages = await store.read("a", { after: 0, until: head, messagesMax: head, bytesMax: Infinity });
  expect(messages.map(({ payload }) => Number(payload))).toEqual(Array.from({ length: head }, (_, index) => index + 1));
  expect(epochs.size).toBe(1);
  await store.close();
  rmSync(folder, { recursive: true });
});
