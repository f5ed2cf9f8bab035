import { errorBody, valueOrRefusal, type WireError } from "./errors.js";
import { readErrorBody } from "./error-body.js";
import {
  malformed,
  memberOf,
  parseJsonObject,
  readArray,
  readInteger,
  readObject,
  readObjects,
  readOptional,
  readString,
  type JsonObject,
} from "./json.js";
import type {
  Command,
  ErrorBody,
  GapPush,
  NothingOk,
  OkOf,
  Position,
  PresenceMember,
  PresencePush,
  PublishOk,
  Push,
  RefreshOk,
  ServerMessage,
  Stage,
  SubscribeOk,
} from "./messages.js";

/** Write the answer to the command with the id `re`. */
export function encodeOk<Do extends Command["do"]>(re: number, ok: OkOf[Do]): string {
  return JSON.stringify({ re, ok });
}

/** Write a refusal, as the answer to the command that its `re` names. */
export function encodeError(error: WireError): string {
  return JSON.stringify({ re: error.re, error: errorBody(error) });
}

export function encodePush(push: Push): string {
  return JSON.stringify(push);
}

/** A message push whose payload is JSON already. */
export interface MessagePushParts {
  readonly channel: string;
  readonly offset: number;
  /** The payload as JSON text; it becomes `data` as it stands. */
  readonly payload: string;
  readonly from: string;
  readonly at: number;
}

/** Write a message push around its payload, which was turned into JSON once, when it was published. */
export function encodeMessagePush({ channel, offset, payload, from, at }: MessagePushParts): string {
  // A channel name needs no escapes: see channel-name.ts.
  return `{"push":"message","channel":"${channel}","offset":${offset},"data":${payload},"from":${JSON.stringify(from)},"at":${at}}`;
}

/**
 * Read what a server sent: a reply (its `ok` is still to be read with `decodeOk`) or a push.
 *
 * Returns the error `wire/not-json` or `wire/malformed` for anything else, never throws on bad input.
 */
export function decodeServerMessage(text: string): ServerMessage | WireError {
  return valueOrRefusal(() => readServerMessage(parseJsonObject(text)));
}

/** Read the `ok` of a reply to the command `name`. Returns `wire/malformed` when it is not what the command answers. */
export function decodeOk<Do extends Command["do"]>(name: Do, ok: JsonObject): OkOf[Do] | WireError {
  return valueOrRefusal(() => okReaders[name](ok));
}

const okReaders: { readonly [Do in Command["do"]]: (ok: JsonObject) => OkOf[Do] } = {
  hello(ok) {
    const principal = readObject(ok, "principal");
    return {
      session: readString(ok, "session"),
      principal: { id: readString(principal, "id"), roles: readStrings(principal, "roles") },
      ...readExpiry(ok),
      ...(memberOf(ok, "contract") === "differs" && { contract: "differs" }),
    };
  },
  refresh: readExpiry,
  compare: (ok) => ({ changed: readStrings(ok, "changed"), missing: readStrings(ok, "missing") }),
  ping: readNothing,
  subscribe: readSubscribeOk,
  resume: (ok) => ({ cursors: readOutcomes(ok, "cursors", readSubscribeOk) }),
  unsubscribe: readNothing,
  publish: readPublishOk,
  publishAll: (ok) => ({ receipts: readOutcomes(ok, "receipts", readPublishOk) }),
  follow: readStage,
  join: (ok) => ({ member: readString(ok, "member") }),
  leave: readNothing,
  call: (ok) => ({ output: memberOf(ok, "output") }),
  cancel: readNothing,
  offer: readNothing,
  withdraw: readNothing,
  answer: readNothing,
};

function readNothing(): NothingOk {
  return {};
}

function readExpiry(ok: JsonObject): RefreshOk {
  return readOptional(ok, "expiresInMs", 0);
}

function readSubscribeOk(ok: JsonObject): SubscribeOk {
  return { position: readPosition(ok) };
}

/** What became of each part of a command: an answer or an error. */
function readOutcomes<Ok>(
  object: JsonObject,
  name: string,
  read: (ok: JsonObject) => Ok,
): (Ok | { readonly error: ErrorBody })[] {
  return readObjects(object, name).map((outcome) =>
    memberOf(outcome, "error") === undefined ? read(outcome) : { error: readErrorBody(outcome) },
  );
}

function readPublishOk(ok: JsonObject): PublishOk {
  const stage = readString(ok, "stage");
  switch (stage) {
    case "delivered":
      return { stage, position: readPosition(ok) };
    case "dropped":
      return { stage };
    case "accepted":
      return { stage, message: readString(ok, "message") };
    default:
      throw malformed("stage", "is no stage");
  }
}

/** What each stage has beside its name is the server's affair; what there is has to be of its type. */
function readStage(object: JsonObject): Stage {
  const has = (name: string): boolean => memberOf(object, name) !== undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the members are those of the stages
  return {
    stage: readString(object, "stage"),
    ...readOptional(object, "attempt", 1),
    ...readOptional(object, "dueAt", 0),
    ...(has("position") && { position: readPosition(object) }),
    ...(has("reason") && { reason: memberOf(object, "reason") }),
  } as Stage;
}

function readServerMessage(object: JsonObject): ServerMessage {
  if (memberOf(object, "push") !== undefined) return readPush(object, readString(object, "push"));
  return memberOf(object, "error") === undefined
    ? { re: readInteger(object, "re", 1), ok: readObject(object, "ok") }
    : { ...readOptional(object, "re", 1), error: readErrorBody(object) };
}

function readPush(object: JsonObject, name: string): ServerMessage {
  switch (name) {
    case "message":
      return {
        push: name,
        channel: readString(object, "channel"),
        offset: readInteger(object, "offset", 1),
        data: memberOf(object, "data"),
        from: readString(object, "from"),
        at: readInteger(object, "at", 0),
      };
    case "gap":
      return readGap(object);
    case "presence":
      return readPresence(object);
    case "unsubscribed":
      return { push: name, channel: readString(object, "channel"), error: readErrorBody(object) };
    case "stage":
      return { push: name, message: readString(object, "message"), ...readStage(object) };
    case "call":
      return {
        push: name,
        call: readInteger(object, "call", 1),
        name: readString(object, "name"),
        input: memberOf(object, "input"),
        deadlineMs: readInteger(object, "deadlineMs", 0),
      };
    case "cancel":
      return { push: name, call: readInteger(object, "call", 1) };
    case "goodbye":
      return { push: name, retryAfterMs: readInteger(object, "retryAfterMs", 0) };
    default:
      return { push: "unknown", name };
  }
}

function readGap(object: JsonObject): GapPush {
  const push = { push: "gap", channel: readString(object, "channel"), position: readPosition(object) } as const;
  if (memberOf(object, "lost") === undefined) return push;
  const lost = readObject(object, "lost");
  return { ...push, lost: { from: readInteger(lost, "from", 1), to: readInteger(lost, "to", 1) } };
}

function readPresence(object: JsonObject): PresencePush {
  const push = { push: "presence", channel: readString(object, "channel") } as const;
  if (memberOf(object, "members") !== undefined) return { ...push, members: readMembers(object, "members") };
  return { ...push, joined: readMembers(object, "joined"), left: readStrings(object, "left") };
}

function readMembers(object: JsonObject, name: string): PresenceMember[] {
  return readObjects(object, name).map((member) => ({
    member: readString(member, "member"),
    id: readString(member, "id"),
    state: memberOf(member, "state"),
  }));
}

function readPosition(object: JsonObject): Position {
  const position = readObject(object, "position");
  return { epoch: readString(position, "epoch"), offset: readInteger(position, "offset", 0) };
}

function readStrings(object: JsonObject, name: string): string[] {
  return readArray(object, name).map((item) => {
    if (typeof item !== "string") throw malformed(name, "must hold strings");
    return item;
  });
}
