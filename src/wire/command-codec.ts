import { isChannelName } from "./channel-name.js";
import { isClientId } from "./client-id.js";
import { readErrorBody } from "./error-body.js";
import { inReplyTo, valueOrRefusal, wireError, WireError } from "./errors.js";
import {
  isJsonObject,
  malformed,
  memberOf,
  parseJsonObject,
  readInteger,
  readObject,
  readObjects,
  readOptional,
  readPayload,
  readPayloads,
  readString,
  type JsonObject,
} from "./json.js";
import type {
  AnswerCommand,
  CallCommand,
  Command,
  Credentials,
  CursorRequest,
  HelloCommand,
  JoinCommand,
  Repeatable,
  SubscribeFrom,
  SubscribePolicy,
  Timing,
} from "./messages.js";

/** A `resume` has at most so many cursors. */
export const cursorsMax = 1_000;

/** A `publishAll` has at most so many messages. */
export const batchMax = 1_000;

/** A contract that is compared has at most so many parts. */
const partsMax = 1_000;

/**
 * Write a command for the wire.
 *
 * @throws WireError `message/invalid` when `data`, `state`, `input` or `output` cannot be written as JSON.
 */
export function encodeCommand(command: Command): string {
  try {
    return JSON.stringify(command);
  } catch (cause) {
    throw wireError("message/invalid", "the payload cannot be written as JSON", { cause });
  }
}

/**
 * Read a command that a peer sent. Nothing is trusted: each member is checked, what is unknown is ignored.
 *
 * Returns the refusal (`re` holds the command's id where that could be read), never throws on bad input.
 */
export function decodeCommand(text: string): Command | WireError {
  let id: number | undefined;
  const command = valueOrRefusal(() => {
    const object = parseJsonObject(text);
    id = readInteger(object, "id", 1);
    return readCommand(object, id);
  });
  return command instanceof WireError ? inReplyTo(command, id) : command;
}

function readCommand(object: JsonObject, id: number): Command {
  const name = readString(object, "do");
  switch (name) {
    case "hello":
      return readHello(object, id);
    case "refresh":
      return { id, do: name, auth: readCredentials(object) };
    case "compare":
      return { id, do: name, parts: readParts(object) };
    case "ping":
      return { id, do: name };
    case "subscribe":
      return { id, do: name, ...readCursor(object) };
    case "resume":
      return { id, do: name, cursors: readCursors(object) };
    case "publish":
      return { id, do: name, channel: readChannel(object), data: readPayload(object, "data"), ...readHow(object) };
    case "publishAll": {
      const messages = readPayloads(object, "messages", batchMax);
      return { id, do: name, channel: readChannel(object), messages, ...readHow(object) };
    }
    case "follow":
      return { id, do: name, message: readString(object, "message") };
    case "join":
      return readJoin(object, id);
    case "unsubscribe":
    case "leave":
      return { id, do: name, channel: readChannel(object) };
    case "call":
      return readCall(object, id);
    case "cancel":
      return { id, do: name, call: readInteger(object, "call", 1) };
    case "offer":
    case "withdraw":
      return { id, do: name, name: readCallName(object) };
    case "answer":
      return readAnswer(object, id);
    default:
      throw wireError("wire/unknown-command", "`do` names no command");
  }
}

function readHello(object: JsonObject, id: number): HelloCommand {
  return {
    id,
    do: "hello",
    ...(memberOf(object, "auth") !== undefined && { auth: readCredentials(object) }),
    ...(memberOf(object, "client") !== undefined && { client: readClientId(object) }),
    ...(memberOf(object, "contract") !== undefined && { contract: readString(object, "contract") }),
  };
}

function readCredentials(object: JsonObject): Credentials {
  const auth = readObject(object, "auth");
  const scheme = readString(auth, "scheme");
  switch (scheme) {
    case "basic":
      return { scheme, username: readString(auth, "username"), password: readString(auth, "password") };
    case "bearer":
      return { scheme, token: readString(auth, "token") };
    default:
      throw malformed("scheme", 'must be "basic" or "bearer"');
  }
}

function readClientId(object: JsonObject): string {
  const client = readString(object, "client");
  if (!isClientId(client)) throw malformed("client", "must be 16 to 64 characters of [A-Za-z0-9_-]");
  return client;
}

function readParts(object: JsonObject): Readonly<Record<string, string>> {
  const parts = readObject(object, "parts");
  const names = Object.keys(parts);
  if (names.length > partsMax) throw malformed("parts", `holds more than ${partsMax}`);
  return Object.fromEntries(names.map((name) => [name, readPart(parts, name)]));
}

/** The name is the client's word: it is not said again. */
function readPart(parts: JsonObject, name: string): string {
  const part = memberOf(parts, name);
  if (typeof part === "string") return part;
  throw malformed("parts", "must hold strings");
}

function readCursor(object: JsonObject): CursorRequest {
  const from = memberOf(object, "from");
  const policy = memberOf(object, "policy");
  return {
    channel: readChannel(object),
    ...(from !== undefined && { from: readFrom(from) }),
    ...(policy !== undefined && { policy: readPolicy(object) }),
  };
}

function readCursors(object: JsonObject): readonly CursorRequest[] {
  const cursors = readObjects(object, "cursors");
  if (cursors.length > cursorsMax) throw malformed("cursors", `holds more than ${cursorsMax}`);
  return cursors.map(readCursor);
}

function readFrom(from: unknown): SubscribeFrom {
  if (from === "now" || from === "start") return from;
  if (!isJsonObject(from)) throw malformed("from", 'must be "now", "start", { last } or { epoch, offset }');
  if (memberOf(from, "last") !== undefined) return { last: readInteger(from, "last", 0) };
  return { epoch: readString(from, "epoch"), offset: readInteger(from, "offset", 0) };
}

function readPolicy(object: JsonObject): SubscribePolicy {
  const policy = readObject(object, "policy");
  const kind = readString(policy, "kind");
  switch (kind) {
    case "all":
    case "disconnect":
      return { kind };
    case "latest":
      return memberOf(policy, "key") === undefined ? { kind } : { kind, key: readString(policy, "key") };
    default:
      throw malformed("kind", 'must be "all", "latest" or "disconnect"');
  }
}

function readHow(object: JsonObject): Repeatable & Timing {
  const timing = { ...readOptional(object, "deliverAt", 0), ...readOptional(object, "after", 0) };
  if (timing.deliverAt !== undefined && timing.after !== undefined) {
    throw malformed("after", "and `deliverAt` exclude each other");
  }
  return { ...readOptional(object, "seq", 1), ...readOptional(object, "ageMs", 0), ...timing };
}

function readJoin(object: JsonObject, id: number): JoinCommand {
  const channel = readChannel(object);
  const isGiven = memberOf(object, "state") !== undefined;
  return isGiven ? { id, do: "join", channel, state: readPayload(object, "state") } : { id, do: "join", channel };
}

function readCall(object: JsonObject, id: number): CallCommand {
  const isGiven = memberOf(object, "input") !== undefined;
  return {
    id,
    do: "call",
    name: readCallName(object),
    ...(isGiven && { input: readPayload(object, "input") }),
    ...readOptional(object, "deadlineMs", 1),
  };
}

function readAnswer(object: JsonObject, id: number): AnswerCommand {
  const call = readInteger(object, "call", 1);
  return memberOf(object, "error") === undefined
    ? { id, do: "answer", call, output: readPayload(object, "output") }
    : { id, do: "answer", call, error: readErrorBody(object) };
}

function readChannel(object: JsonObject): string {
  const channel = readString(object, "channel");
  if (isChannelName(channel)) return channel;
  throw wireError("channel/invalid-name", `a channel name is ${namesRule}`);
}

/** Calls are named as channels are. */
function readCallName(object: JsonObject): string {
  const name = readString(object, "name");
  if (isChannelName(name)) return name;
  throw malformed("name", `must be ${namesRule}`);
}

const namesRule = "1 to 255 bytes: segments of [A-Za-z0-9._~-] joined by /";
