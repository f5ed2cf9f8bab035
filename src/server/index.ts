/**
 * `busbar/server`: a contract's channels, served.
 *
 * @module
 */
export { consoleLogger, type ConsoleLoggerOptions, type LogLevel } from "../adapters/node/logger.js";
export type { AuthenticationRequest, Authenticator, Credentials } from "../auth/authenticator.js";
export { basic, type BasicLookup, type BasicOptions, type BasicUser } from "../auth/basic.js";
export type { Principal } from "../auth/principal.js";
export { BusbarError } from "../kernel/errors.js";
export { silentLogger, type LogFields, type Logger } from "../kernel/logger.js";
export type { Outcome, ProcessContext, Processor } from "../pipeline/processor.js";
export { WireError } from "../wire/errors.js";
export type { Position, PublishOk } from "../wire/messages.js";
export type { BusServer, CloseOptions, ServerChannel } from "./bus-server.js";
export type { RequestOptions, Refusal } from "../session/call-handler.js";
export type { Store } from "../hub/store.js";
export type { PublishOutcome } from "./bus.js";
export type {
  BusClient,
  BusOptions,
  Handler,
  HandlerContext,
  Handlers,
  HttpHandler,
  Processors,
  ServeOptions,
  ServerLimits,
} from "./options.js";
export { attach, serve } from "./serve.js";
