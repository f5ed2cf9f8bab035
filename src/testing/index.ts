/**
 * `busbar/testing`: what a test needs to run busbar without real time, randomness or network, and the cases that stores pass.
 *
 * @module
 */
export type {
  Appended,
  Batch,
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
  TransactionStore,
} from "../hub/store.js";
export type { GroupPosition, GroupRecord, GroupStore } from "../pipeline/group-store.js";
export type {
  DeadRange,
  EndedJob,
  Failure,
  Job,
  JobAccepted,
  JobChange,
  JobDraft,
  JobEnd,
  JobFound,
  JobHead,
  JobOrigin,
  JobStore,
  Rider,
} from "../pipeline/job-store.js";
export type { ContractCase } from "./contract-case.js";
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type MemoryPeer,
  type MemoryPeerListener,
} from "./memory-network.js";
export { MemoryTransport, type MemoryTransportOptions } from "./memory-transport.js";
export { groupStoreCases, jobStoreCases, transactionCases, type PipelineCasesOptions } from "./pipeline-cases.js";
export type { PipelinePlace, PipelineStore } from "./pipeline-trial.js";
export { SeededRandom } from "./seeded-random.js";
export { storeCases, type StoreCasesOptions } from "./store-cases.js";
export type { StorePlace, StoreSurroundings } from "./store-trial.js";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.js";
