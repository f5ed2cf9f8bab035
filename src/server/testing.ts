/**
 * `busbar/testing`: what a test needs to run an application without real time, randomness or network, and to hold a
 * store of one's own to what the hub asks of it.
 *
 * @module
 */
export * from "../testing/index.js";
export { Rehearsal, type RehearsalOptions } from "./rehearsal.js";
