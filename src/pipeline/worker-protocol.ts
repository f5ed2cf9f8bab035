import {
  memberOf,
  parseJsonObject,
  readArray,
  readInteger,
  readObject,
  readObjects,
  readString,
  type JsonObject,
} from "../wire/json.js";
import { wireError } from "../wire/errors.js";
import type { Emitted, Produced } from "./production.js";

/** The subprotocol between a server and its workers: JSON objects in text messages. */
export const workerSubprotocol = "busbar.worker.v1";

/** What a worker says. */
export type WorkerMessage =
  /** The first message: which worker it is, what it processes, and the tasks that it still works on after a cut. */
  | {
      readonly say: "hello";
      readonly worker: string;
      readonly patterns: readonly string[];
      readonly parallelMax: number;
      readonly tasks: readonly number[];
      /** The fingerprint of its contract. */
      readonly contract: string;
    }
  /** It lives, and works on its tasks. */
  | { readonly say: "alive" }
  | { readonly say: "done"; readonly task: number; readonly produced: Produced }
  | { readonly say: "failed"; readonly task: number; readonly error: string }
  /** It takes no more tasks, and goes when those that it has are done. */
  | { readonly say: "leaving" };

/** A message for a worker's processor. */
export interface Task {
  readonly task: number;
  /** The message's id. */
  readonly id: string;
  readonly channel: string;
  /** What was published. */
  readonly data: unknown;
  readonly principal: unknown;
  readonly attempt: number;
}

/** What a server says to a worker. */
export type HostMessage =
  /** The answer to `hello`: a worker says `alive` so often. */
  | { readonly say: "welcome"; readonly aliveEveryMs: number; readonly contract?: "differs" }
  | ({ readonly say: "work" } & Task)
  /** The outcome of a task is not wanted any more. */
  | { readonly say: "cancel"; readonly task: number };

/** @throws WireError `wire/not-json` or `wire/malformed`. */
export function readWorkerMessage(text: string): WorkerMessage {
  const message = parseJsonObject(text);
  const say = readString(message, "say");
  switch (say) {
    case "hello":
      return {
        say,
        worker: readString(message, "worker"),
        patterns: strings(message, "patterns"),
        parallelMax: readInteger(message, "parallelMax", 1),
        tasks: readArray(message, "tasks").filter((task) => typeof task === "number"),
        contract: readString(message, "contract"),
      };
    case "alive":
    case "leaving":
      return { say };
    case "done":
      return { say, task: readInteger(message, "task", 1), produced: readProduced(readObject(message, "produced")) };
    case "failed":
      return { say, task: readInteger(message, "task", 1), error: readString(message, "error") };
    default:
      throw wireError("wire/malformed", "`say` is nothing that a worker says");
  }
}

/** @throws WireError `wire/not-json` or `wire/malformed`. */
export function readHostMessage(text: string): HostMessage {
  const message = parseJsonObject(text);
  const say = readString(message, "say");
  switch (say) {
    case "welcome": {
      const aliveEveryMs = readInteger(message, "aliveEveryMs", 1);
      return memberOf(message, "contract") === "differs"
        ? { say, aliveEveryMs, contract: "differs" }
        : { say, aliveEveryMs };
    }
    case "work":
      return {
        say,
        task: readInteger(message, "task", 1),
        id: readString(message, "id"),
        channel: readString(message, "channel"),
        data: memberOf(message, "data"),
        principal: memberOf(message, "principal"),
        attempt: readInteger(message, "attempt", 1),
      };
    case "cancel":
      return { say, task: readInteger(message, "task", 1) };
    default:
      throw wireError("wire/malformed", "`say` is nothing that a server says to a worker");
  }
}

/** Read what came out of a processor elsewhere. @throws WireError `wire/malformed`. */
export function readProduced(produced: JsonObject): Produced {
  const kind = readString(produced, "kind");
  if (kind === "rejected") return { kind, reason: memberOf(produced, "reason") ?? null };
  if (kind !== "outputs") throw wireError("wire/malformed", '`kind` must be "outputs" or "rejected"');
  const payload = memberOf(produced, "payload");
  if (payload !== undefined) requireJson("payload", readString(produced, "payload"));
  return {
    kind,
    payload: payload === undefined ? undefined : readString(produced, "payload"),
    emitted: readObjects(produced, "emitted").map((one): Emitted => {
      const emitted = { channel: readString(one, "channel"), payload: readString(one, "payload") };
      requireJson("emitted", emitted.payload);
      return emitted;
    }),
  };
}

function strings(object: JsonObject, name: string): string[] {
  return readArray(object, name).filter((value) => typeof value === "string");
}

/** What a worker sends goes into logs unread: it must be JSON. */
function requireJson(name: string, text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw wireError("wire/malformed", `\`${name}\` must be JSON text`, { cause });
  }
}
