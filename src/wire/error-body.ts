import { memberOf, readObject, readOptional, readPayload, readString, type JsonObject } from "./json.js";
import type { ErrorBody } from "./messages.js";

/**
 * Read the member `error` of a reply, a push or an answer.
 *
 * @throws WireError `wire/malformed`
 */
export function readErrorBody(object: JsonObject): ErrorBody {
  const error = readObject(object, "error");
  return {
    code: readString(error, "code"),
    message: readString(error, "message"),
    retryable: memberOf(error, "retryable") === true,
    ...readOptional(error, "retryAfterMs", 0),
    ...(memberOf(error, "reason") !== undefined && { reason: readPayload(error, "reason") }),
  };
}
