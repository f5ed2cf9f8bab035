/**
 * `busbar/testing`: what a test needs to run busbar without real time, randomness or network.
 *
 * @module
 */
export { SeededRandom } from "./seeded-random.js";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.js";
