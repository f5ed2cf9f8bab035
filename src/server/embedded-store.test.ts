import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { NodeRandom } from "../adapters/node/random.js";
import { silentLogger } from "../kernel/logger.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { embeddedStore } from "./embedded-store.js";

it("opens the store in a folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "busbar-embedded-"));
  const store = await embeddedStore(folder, {
    clock: new VirtualClock(),
    random: new NodeRandom(),
    logger: silentLogger,
  });
  const retention = { keep: 1, forMs: Infinity, bytesMax: Infinity };
  expect(await store.open("a", { retention, durability: "disk" })).toMatchObject({ head: 0 });
  await store.close();
  rmSync(folder, { recursive: true });
});
