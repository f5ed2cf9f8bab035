/** The types that both entries of `busbar/client` show. */
export type { Bus, BusEvents, ChannelOf, ClientHandler, Principal } from "../client/bus.js";
export type { Call, CallOptions, CallResult, HandlerContext, Refusal } from "../client/calls.js";
export type { Channel, Member, Presence, PresenceOptions, ReadOptions, SubscribeOptions } from "../client/channel.js";
export type { BusState, StateChange } from "../client/connection.js";
export type { ContractDiffersError } from "../client/contract-comparison.js";
export type { Gap, Message, ReadFrom } from "../client/cursor.js";
export type { Processed, StageListener } from "../client/follows.js";
export type { BusOptions } from "../client/options.js";
export type { AcceptedReceipt, Receipt, Refused } from "../client/publish-queue.js";
export type { PublishOptions, RejectionError } from "../client/publisher.js";
export type { Credentials, Position, Stage } from "../wire/messages.js";
