/**
 * `busbar/testing`: what a test needs to run busbar without real time, randomness or network, and the cases that stores pass.
 *
 * @module
 */
export type {
  Appended,
  Draft,
  Durability,
  LogOptions,
  Message,
  OpenedLog,
  Origin,
  ReadRange,
  Retention,
  Store,
  StoredMember,
} from "../hub/store.js";
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type MemoryPeer,
  type MemoryPeerListener,
} from "./memory-network.js";
export { MemoryTransport, type MemoryTransportOptions } from "./memory-transport.js";
export { SeededRandom } from "./seeded-random.js";
export { storeCases, type ContractCase, type StoreCasesOptions } from "./store-cases.js";
export type { StorePlace, StoreSurroundings } from "./store-trial.js";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.js";
