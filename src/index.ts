/** `busbar`: the contract, which server and client share. */
export { call } from "./contract/call.js";
export type { CallDefinition, CallOf, CallOptions, CallSide } from "./contract/call.js";
export { channel } from "./contract/channel.js";
export type { Allow, ChannelDefinition, ChannelOptions, History, HistoryBounds } from "./contract/channel.js";
export { contract } from "./contract/contract.js";
export type { CallMatch, ChannelMatch, Contract, Definition, Definitions } from "./contract/contract.js";
export { operatorCalls } from "./contract/operator-calls.js";
export type {
  DeadLetterChoice,
  DeadLetterQuery,
  DeadLetterView,
  OperatorCalls,
  RedriveChoice,
} from "./contract/operator-calls.js";
export type { Duration, Size } from "./contract/quantities.js";
export type { Params } from "./contract/pattern.js";
export type { InputOf, OutputOf, SchemaIssue, SchemaResult, StandardSchema } from "./contract/standard-schema.js";
export type {
  CallAnswerOf,
  CallInputOf,
  CallName,
  CallOutputOf,
  CallRefusalOf,
  CallSentOf,
  ChannelName,
  ClientCallName,
  JoinOf,
  MessageOf,
  NamesOf,
  ParamsOf,
  PatternOf,
  PresenceOf,
  PublishOf,
  RejectionOf,
} from "./contract/types.js";
export { BusbarError } from "./kernel/errors.js";
export type { BusbarErrorOptions } from "./kernel/errors.js";
