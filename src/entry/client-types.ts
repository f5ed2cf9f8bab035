/** The types that both entries of `busbar/client` show. */
export type { Bus, BusEvents, ChannelOf, Principal } from "../client/bus.js";
export type { Channel, Member, PresenceOptions, ReadOptions } from "../client/channel.js";
export type { BusState, StateChange } from "../client/connection.js";
export type { Gap, Message, ReadFrom, ReadItem } from "../client/cursor.js";
export type { BusOptions } from "../client/options.js";
export type { Receipt } from "../client/publisher.js";
export type { Credentials, Position } from "../wire/messages.js";
