import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { LmdbStore } from "../../src/adapters/lmdb/lmdb-store.js";
import { nodeClock } from "../../src/adapters/node/clock.js";
import { NodeRandom } from "../../src/adapters/node/random.js";
import { Hub } from "../../src/hub/hub.js";
import { BusbarError } from "../../src/kernel/errors.js";
import { silentLogger } from "../../src/kernel/logger.js";

/** Make a file system of this size at a folder, or change the size of the one that is there. */
function tmpfs(folder: string, size: string, how = "mount"): void {
  const { status, stderr } = spawnSync("mount", [
    "-t",
    "tmpfs",
    "-o",
    `${how === "mount" ? "" : `${how},`}size=${size}`,
    "tmpfs",
    folder,
  ]);
  expect(status, `a file system to fill needs the right to mount one: ${stderr.toString()}`).toBe(0);
}

it("a full disk refuses what it cannot keep, gives no false receipt, and goes on by itself when there is space again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "busbar-full-"));
  tmpfs(folder, "2m");
  const store = await LmdbStore.open({
    path: join(folder, "data"),
    clock: nodeClock,
    random: new NodeRandom(),
    logger: silentLogger,
  });
  onTestFinished(async () => {
    await store.close();
    spawnSync("umount", [folder]);
    rmSync(folder, { recursive: true });
  });
  const retention = { keep: 1_000_000, forMs: Infinity, bytesMax: Infinity };
  const hub = new Hub({
    store,
    clock: nodeClock,
    logger: silentLogger,
    optionsOf: () => ({ retention, durability: "disk" }),
  });
  let sequence = 0;
  const acknowledged: number[] = [];
  const publish = async (): Promise<string> => {
    const origin = { producer: "p", sequence: ++sequence, firstSentAt: undefined };
    try {
      const draft = {
        payload: JSON.stringify({ sequence, text: "x".repeat(2000) }),
        from: "ada",
        at: Date.now(),
        origin,
      };
      const { position } = await hub.publish("a", draft);
      acknowledged.push(position.offset);
      return "published";
    } catch (error) {
      const { cause } = error as BusbarError;
      // What comes in the same turn is refused as well, without trying.
      await new Promise<void>((resolve) => void nodeClock.schedule(2, resolve));
      return cause instanceof BusbarError ? cause.code : "behind";
    }
  };
  const refusals: string[] = [];
  for (let attempt = 0; attempt < 2000 && refusals.length < 5; attempt++) {
    const outcome = await publish();
    if (outcome !== "published" && outcome !== "behind") refusals.push(outcome);
  }
  expect(refusals).toEqual(Array.from({ length: 5 }, () => "store/full"));
  const subscription = await hub.subscribe("a", { from: "start", hasPresence: false, sink: nobody });
  expect(subscription.position.offset).toBe(0);
  subscription.end();
  tmpfs(folder, "16m", "remount");
  while ((await publish()) === "behind");
  for (let count = 0; count < 20; count++) expect(await publish()).toBe("published");
  expect(acknowledged).toEqual(Array.from({ length: acknowledged.length }, (_, index) => index + 1));
  const { head } = await store.open("a", { retention, durability: "disk" });
  expect(head).toBe(acknowledged.length);
});

const nobody = {
  isBusy: false,
  message: () => true,
  gap: () => {},
  presence: () => true,
  waits: () => {},
  tooSlow: () => {},
  ended: () => {},
};
