import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { silentLogger } from "../../kernel/logger.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { NodeRandom } from "../node/random.js";
import { Environment } from "./environment.js";
import { LmdbLog } from "./lmdb-log.js";
import { ReadBatches } from "./read-batches.js";

it("writes in the order of the calls, each building on what the one before left", async () => {
  const folder = mkdtempSync(join(tmpdir(), "busbar-log-"));
  const environment = await Environment.open(folder, new NodeRandom());
  const clock = new VirtualClock();
  const retention = { keep: 10, forMs: Infinity, bytesMax: Infinity };
  const log = new LmdbLog({
    environment,
    clock,
    logger: silentLogger,
    limits: { windowMs: 1000, windowMessagesMax: 10 },
    batches: new ReadBatches(1000, clock),
    channel: "a",
    log: { retention, durability: "memory" },
  });
  const draft = { payload: "0", from: "ada", at: clock.wallTimeMs(), origin: undefined };
  await Promise.all([
    log.present("m", { id: "ada", state: "1" }),
    log.append([draft, draft]),
    log.present("m", { id: "ada", state: "2" }),
    log.append([draft]),
    log.expire(),
  ]);
  expect(log.head).toBe(3);
  expect(log.members()).toEqual([{ member: "m", id: "ada", state: "2" }]);
  await environment.close();
  rmSync(folder, { recursive: true });
});
