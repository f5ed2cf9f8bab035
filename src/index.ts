/** `busbar`: the contract, which server and client share. */
export { channel, contract } from "./contract/contract.js";
export type {
  Allow,
  ChannelDefinition,
  ChannelDefinitions,
  ChannelMatch,
  ChannelOptions,
  Contract,
  History,
} from "./contract/contract.js";
export type { Params } from "./contract/pattern.js";
export type { InputOf, OutputOf, SchemaIssue, SchemaResult, StandardSchema } from "./contract/standard-schema.js";
export type {
  ChannelName,
  JoinOf,
  MessageOf,
  NamesOf,
  ParamsOf,
  PatternOf,
  PresenceOf,
  PublishOf,
} from "./contract/types.js";
export { BusbarError } from "./kernel/errors.js";
export type { BusbarErrorOptions } from "./kernel/errors.js";
