import { expect, it } from "vitest";
import type { LogFields, Logger } from "../kernel/logger.js";
import { silentLogger } from "../kernel/logger.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { WorkerProcesses } from "./worker-processes.js";

it("a process that ends is told, and started again after a while that grows", async () => {
  const clock = new VirtualClock();
  const lost: string[] = [];
  const ended: (LogFields | undefined)[] = [];
  const logger: Logger = { ...silentLogger, error: (_event, fields) => void ended.push(fields) };
  // No program stands beside the sources: each process ends at once.
  const processes = new WorkerProcesses({
    count: 1,
    module: "nowhere",
    url: "unix:/nowhere",
    key: "k",
    parallelMax: 1,
    memoryMiB: 64,
    clock,
    logger,
    onLost: (name) => void lost.push(name),
  });
  expect(processes.pids).toHaveLength(1);
  await expect.poll(() => ended.length, { timeout: 10_000 }).toBe(1);
  expect(ended[0]).toMatchObject({ worker: lost[0], againMs: 100 });
  clock.advance(100);
  await expect.poll(() => ended.length, { timeout: 10_000 }).toBe(2);
  expect(ended[1]).toMatchObject({ againMs: 200 });
  await processes.close();
  clock.advance(1_000);
  expect(processes.pids).toEqual([]);
});
