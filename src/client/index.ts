/**
 * The client, but for where it runs: `src/entry/` puts it together with the sockets of a browser or of Node.
 *
 * @module
 */
export { busUrl } from "./bus-url.js";
export { openBus, type Bus } from "./bus.js";
export type { BusOptions } from "./options.js";
