/**
 * The client, but for where it runs: `busbar/client` puts it together with the sockets of a browser or of Node.
 *
 * @module
 */
export { openBus, type Bus, type BusEvents, type ChannelOf, type Principal } from "./bus.js";
export type { Channel, Member, PresenceOptions, ReadOptions } from "./channel.js";
export type { BusState, StateChange } from "./connection.js";
export type { Gap, Message, ReadFrom, ReadItem } from "./cursor.js";
export type { BusOptions } from "./options.js";
export type { ClientPorts, ClientSocket, SocketClose, SocketFactory, SocketListener, Surroundings } from "./ports.js";
export type { Receipt } from "./publisher.js";
