/**
 * `busbar/websocket` under Bun: the same engine, served on Bun's own TCP.
 *
 * @module
 */
export * from "./index.js";
export { serve } from "./serve-bun.js";
