/**
 * `busbar/server`: a contract's channels, served.
 *
 * @module
 */
export { consoleLogger, type ConsoleLoggerOptions, type LogLevel } from "../adapters/node/logger.js";
export type { AuditEvent } from "../auth/audit-event.js";
export type { AuditLimits, AuditSink } from "../auth/audit-trail.js";
export { anonymous, type AnonymousOptions } from "../auth/anonymous.js";
export type {
  AuthenticationRequest,
  Authenticator,
  AuthenticatorTraits,
  AuthenticatorWatch,
  Credentials,
  RefusedCredentials,
} from "../auth/authenticator.js";
export type {
  BasicLookup,
  BasicOptions,
  BasicUser,
  BasicUsers,
  HashedUser,
  PlainUser,
  UserSource,
} from "../auth/basic.js";
export { basic, hashPassword, verifyPassword } from "../engine/passwords.js";
export type { BearerKey, PublicKey, PublishedKeys, SecretKey, TokenParties } from "../auth/bearer-keys.js";
export type { BearerOptions } from "../auth/bearer.js";
export type { CookieOptions } from "../auth/cookie.js";
export type { AuthenticationHook, CustomOptions, Recognition } from "../auth/custom.js";
export type { Action } from "../auth/action.js";
export type { PolicyLimits } from "../auth/authority.js";
export type { Explanation } from "../auth/explanation.js";
export {
  policy,
  type Binding,
  type Condition,
  type Policy,
  type PolicyRules,
  type RoleRules,
  type Rule,
  type RuleOf,
} from "../auth/policy.js";
export type { Principal } from "../auth/principal.js";
export { forbidden, type Recognised } from "../auth/recognised.js";
export type { KeySetLimits } from "../auth/remote-keys.js";
export type { RevocationLimits, RevocationTarget } from "../auth/revocations.js";
export { BusbarError } from "../kernel/errors.js";
export { silentLogger, type LogFields, type Logger } from "../kernel/logger.js";
export type { DeadLetter } from "../pipeline/dead-letters.js";
export { Dropped, pipe, Rejection, type Outcome, type ProcessContext, type Processor } from "../pipeline/processor.js";
export { queued, type Queued, type QueueOptions } from "../pipeline/queued.js";
export { WireError } from "../wire/errors.js";
export type { EndStage, Position, PublishOk, Stage } from "../wire/messages.js";
export type {
  Jwk,
  KeyHandle,
  PublicAlgorithm,
  PublicKeyMaterial,
  SecretAlgorithm,
  TokenAlgorithm,
} from "../auth/token-ports.js";
export type { AuditControl } from "./access-control.js";
export type { AuditOptions } from "./audit-options.js";
export type { ChecklistCode } from "./checklist.js";
export { bearer, cookie, custom } from "./authenticators.js";
export type { BusServer, CloseOptions, RevokeOptions, ServerChannel } from "./bus-server.js";
export type { RequestOptions, Refusal } from "../session/call-handler.js";
export type { Store } from "../hub/store.js";
export type { PublishOutcome } from "./bus.js";
export type { GroupContext, GroupHandler, GroupMessage, GroupOptions, GroupSubscription } from "./groups.js";
export { httpProcessor, type HttpProcessorOptions } from "./http-processor.js";
export type { DryRun, Loser, Loss, PolicyControl, SomePrincipal } from "./policy-control.js";
export type { DeadLetterControl, PipelineControl, Processed } from "./pipeline-control.js";
export type { DeadLetterRange, ListedDeadLetter, PipelineSnapshot } from "./processing.js";
export type { WorkerSnapshot } from "./worker-host.js";
export type { WorkersOptions } from "./workers.js";
export type {
  BusClient,
  BusOptions,
  Handler,
  HandlerContext,
  Handlers,
  HttpHandler,
  EmitTo,
  ProcessorOf,
  Processors,
  PublishTiming,
  ServeOptions,
  ServerLimits,
} from "./options.js";
export { attach, serve } from "./serve.js";
export { usersFile } from "./users-file.js";
export type { TlsFiles, TlsOptions, TlsPair } from "./tls.js";
