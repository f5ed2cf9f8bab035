import { isChannelName } from "./channel-name.js";
import { valueOrRefusal, wireError, WireError } from "./errors.js";
import {
  isJsonObject,
  malformed,
  memberOf,
  parseJsonObject,
  readInteger,
  readObject,
  readPayload,
  readString,
  type JsonObject,
} from "./json.js";
import type { Command, Credentials, HelloCommand, JoinCommand, SubscribeCommand, SubscribeFrom } from "./messages.js";

/**
 * Write a command for the wire.
 *
 * @throws WireError `message/invalid` when `data` or `state` cannot be written as JSON.
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
  return command instanceof WireError ? command.inReplyTo(id) : command;
}

function readCommand(object: JsonObject, id: number): Command {
  const name = readString(object, "do");
  switch (name) {
    case "hello":
      return readHello(object, id);
    case "subscribe":
      return readSubscribe(object, id);
    case "publish":
      return { id, do: name, channel: readChannel(object), data: readPayload(object, "data") };
    case "join":
      return readJoin(object, id);
    case "unsubscribe":
    case "leave":
      return { id, do: name, channel: readChannel(object) };
    default:
      throw wireError("wire/unknown-command", "`do` names no command");
  }
}

function readHello(object: JsonObject, id: number): HelloCommand {
  const isGiven = memberOf(object, "auth") !== undefined;
  return isGiven ? { id, do: "hello", auth: readCredentials(readObject(object, "auth")) } : { id, do: "hello" };
}

function readCredentials(auth: JsonObject): Credentials {
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

function readSubscribe(object: JsonObject, id: number): SubscribeCommand {
  const channel = readChannel(object);
  const from = memberOf(object, "from");
  return from === undefined ? { id, do: "subscribe", channel } : { id, do: "subscribe", channel, from: readFrom(from) };
}

function readFrom(from: unknown): SubscribeFrom {
  if (from === "now" || from === "start") return from;
  if (!isJsonObject(from)) throw malformed("from", 'must be "now", "start", { last } or { epoch, offset }');
  if (memberOf(from, "last") !== undefined) return { last: readInteger(from, "last", 0) };
  return { epoch: readString(from, "epoch"), offset: readInteger(from, "offset", 0) };
}

function readJoin(object: JsonObject, id: number): JoinCommand {
  const channel = readChannel(object);
  const isGiven = memberOf(object, "state") !== undefined;
  return isGiven ? { id, do: "join", channel, state: readPayload(object, "state") } : { id, do: "join", channel };
}

function readChannel(object: JsonObject): string {
  const channel = readString(object, "channel");
  if (!isChannelName(channel)) {
    throw wireError(
      "channel/invalid-name",
      "a channel name is 1 to 255 bytes: segments of [A-Za-z0-9._~-] joined by /",
    );
  }
  return channel;
}
