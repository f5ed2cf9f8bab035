import { consoleLogger } from "../adapters/node/logger.js";
import type { Contract } from "../contract/contract.js";
import { BusbarError } from "../kernel/errors.js";
import { work } from "./worker.js";

/** What a module of processors exports. */
interface ProcessorModule {
  readonly app: Contract;
  readonly process: object;
}

/**
 * The program of a worker that the server starts by itself. What it needs to know is in its environment, where other
 * users' eyes do not see it; when the server is gone, so is it.
 */
async function main({
  BUSBAR_WORKER_KEY: key,
  BUSBAR_WORKER_MODULE: module,
  ...rest
}: NodeJS.ProcessEnv): Promise<void> {
  const { BUSBAR_WORKER_NAME: name, BUSBAR_WORKER_PARALLEL: parallelMax, BUSBAR_WORKER_URL: url } = rest;
  if (key === undefined || module === undefined || url === undefined || name === undefined) {
    throw new BusbarError("worker/no-server", "this program is started by a busbar server");
  }
  const imported: unknown = await import(module);
  if (!isProcessorModule(imported)) {
    throw new BusbarError(
      "worker/module",
      `${module} has to export the contract as "app" and the processors as "process"`,
    );
  }
  const worker = await work(imported.app, {
    url,
    key,
    name,
    process: imported.process,
    parallelMax: Number(parallelMax ?? 16),
    logger: consoleLogger(),
  });
  const end = (): void => {
    const exit = (): void => process.exit(0);
    worker.close().then(exit, exit);
  };
  process.on("SIGTERM", end);
  process.on("disconnect", () => process.exit(0));
}

function isProcessorModule(value: unknown): value is ProcessorModule {
  return typeof value === "object" && value !== null && "app" in value && "process" in value;
}

await main(process.env);
