/**
 * Every error code that a server sends, and what it means. `docs/protocol.md` lists the same; `errors.test.ts` compares
 * them. It stands by itself so that clients, which need the codes' types alone, do not carry the texts.
 */
export const errorMeanings = {
  "wire/not-json": "the message is not a JSON object",
  "wire/malformed": "a member is missing or has the wrong type; the message names it",
  "wire/unknown-command": "`do` names no command",
  "wire/hello-first": "a command came before `hello`, or `hello` came twice",
  "auth/refused": "the credentials identify nobody",
  "auth/other-principal": "a refresh cannot change who the client is",
  "channel/invalid-name": "a channel name breaks the rules for names",
  "channel/unknown": "no pattern of the contract matches the channel",
  "channel/no-presence": "the channel's contract has no presence",
  "policy/denied": "the principal's roles do not allow this",
  "message/invalid": "the payload does not fit the channel's contract; the message says where",
  "message/rejected": "the processor rejected the message; the message is its reason",
  "message/failed": "the processor failed",
  "message/dead": "the processor failed for the last time; the message is kept among the dead letters",
  "message/discarded": "an operator threw the message away after its processor had failed for the last time",
  "message/unknown": "no message with this id is known, or it is not the principal's",
  "dead/unknown": "there is no dead letter with this id",
  "publish/out-of-turn": "a message before this one was refused for now; both can be sent again, in their order",
  "publish/unknown-repeat":
    "a repeat of a message from before the idempotence window; whether it was published is unknown",
  "subscription/exists": "the connection is subscribed to the channel already",
  "subscription/none": "the connection has no such subscription or membership",
  "subscription/too-many": "the connection has as many subscriptions or memberships as it may",
  "call/unknown": "the contract has no such call, or the other side handles it",
  "call/no-handler": "nobody handles this call here",
  "call/invalid": "the input does not fit the call's contract; the message says where",
  "call/refused": "the handler refused; `reason` says why",
  "call/failed": "the handler failed; whether it had an effect is unknown",
  "call/deadline": "the answer did not come in time; whether it had an effect is unknown",
  "call/cancelled": "the caller gave the call up",
  "call/too-many": "as many calls of this connection are under way as may be",
  "limit/rate": "too many commands or bytes a second; `retryAfterMs` says when to come back",
  "server/busy": "too many messages wait for this channel's processor",
  "server/log-unavailable":
    "the channel's log cannot be read or written now; whether a message was published is unknown",
  "server/stopping": "the server stops; the message was not published",
  "server/internal": "a defect in the server; its log has the details",
} as const;

export type WireErrorCode = keyof typeof errorMeanings;
