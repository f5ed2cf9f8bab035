/**
 * `busbar/worker`: processors in processes of their own, which attach to a running server.
 *
 * @module
 */
export { consoleLogger, type ConsoleLoggerOptions, type LogLevel } from "../adapters/node/logger.js";
export { BusbarError } from "../kernel/errors.js";
export type { Logger } from "../kernel/logger.js";
export { Dropped, pipe, Rejection, type Outcome, type ProcessContext, type Processor } from "../pipeline/processor.js";
export { queued, type QueueOptions } from "../pipeline/queued.js";
export { work, type Worker, type WorkerOptions } from "./worker.js";
