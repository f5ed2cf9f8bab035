/**
 * `busbar/websocket`: the WebSocket engine by itself, server and client.
 *
 * @module
 */
export { consoleLogger, type ConsoleLoggerOptions, type LogLevel } from "../adapters/node/logger.js";
export type { AuthenticationRequest, Authenticator, AuthenticatorWatch, Credentials } from "../auth/authenticator.js";
export type {
  BasicLookup,
  BasicOptions,
  BasicUser,
  BasicUsers,
  HashedUser,
  PlainUser,
  UserSource,
} from "../auth/basic.js";
export { basic, hashPassword, verifyPassword } from "./passwords.js";
export type { Principal } from "../auth/principal.js";
export { BusbarError } from "../kernel/errors.js";
export type { LogFields, Logger } from "../kernel/logger.js";
export { HandshakeError, ProtocolError } from "../protocol/errors.js";
export { PreparedMessage } from "../websocket/prepared-message.js";
export type { Sendable, WhenFull } from "../websocket/sender.js";
export type { CloseInfo, WebSocketEvents } from "../websocket/web-socket-events.js";
export { broadcast, type WebSocket } from "../websocket/web-socket.js";
export { attach, type AttachOptions } from "./attach.js";
export { connect, type ClientSocket } from "./connect.js";
export type { HandshakeRequest } from "./handshake-request.js";
export type {
  CompressionOptions,
  ConnectOptions,
  KeepaliveOptions,
  Limits,
  ServeOptions,
  ServerOptions,
  SocketOptions,
} from "./options.js";
export { serve } from "./serve.js";
export type { ServerSocket, SocketHandler } from "./socket-host.js";
export type { UpgradeSource } from "./upgrade-router.js";
export type { WebSocketServer } from "./web-socket-server.js";
