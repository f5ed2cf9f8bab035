import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { NodeRandom } from "../adapters/node/random.js";
import { silentLogger } from "../kernel/logger.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { embeddedStore } from "./embedded-store.js";

it("opens the store in a folder, with its limits", async () => {
  const folder = mkdtempSync(join(tmpdir(), "busbar-embedded-"));
  const store = await embeddedStore(folder, {
    clock: new VirtualClock(),
    random: new NodeRandom(),
    logger: silentLogger,
    limits: { windowMessagesMax: 1 },
  });
  const retention = { keep: 1, forMs: Infinity, bytesMax: Infinity };
  expect(await store.open("a", { retention, durability: "disk" })).toMatchObject({ head: 0 });
  const origin = (sequence: number) => ({ producer: "p", sequence, firstSentAt: 1_000_000 });
  const draft = (sequence: number) => ({ payload: "1", from: "ada", at: 1_000_000, origin: origin(sequence) });
  await store.append("a", [draft(1)]);
  await store.append("a", [draft(2)]);
  expect([await store.find("a", origin(1)), await store.find("a", origin(2))]).toEqual([undefined, 2]);
  await store.close();
  rmSync(folder, { recursive: true });
});
