import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { silentLogger } from "../kernel/logger.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { work } from "../worker/worker.js";
import { Workers, type WorkersOptions } from "./workers.js";

const app = contract({ "a/:n": channel({ message: z.unknown() }) });
const key = "a-key-that-nobody-guesses";
const open = (options: WorkersOptions): Promise<Workers> =>
  Workers.open({
    options,
    contract: app,
    patterns: new Set(["a/:n"]),
    module: undefined,
    leaseMs: 1e3,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    logger: silentLogger,
  });

it("workers attach over a Unix socket, with the key", async () => {
  const folder = mkdtempSync(join(tmpdir(), "busbar-workers-"));
  const path = join(folder, "socket");
  const workers = await open({ listen: { path }, key });
  expect([workers.port, workers.pids]).toEqual([undefined, []]);
  const worker = await work(app, { url: `unix:${path}`, key, name: "one", process: { "a/:n": () => 1 } });
  expect(workers.snapshot).toMatchObject([{ name: "one", isAttached: true, patterns: ["a/:n"], parallelMax: 16 }]);
  await worker.close();
  await workers.close();
  rmSync(folder, { recursive: true });
});

it("a port that is taken is told, and nothing stays open", async () => {
  const workers = await open({ listen: { port: 0 }, key });
  expect(workers.port).toBeGreaterThan(0);
  await expect(open({ listen: { port: workers.port ?? 0 }, key })).rejects.toMatchObject({
    code: "server/cannot-listen",
  });
  await workers.close();
});
