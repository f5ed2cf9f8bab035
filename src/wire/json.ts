import { wireError, type WireError } from "./errors.js";

/** An object that `JSON.parse` made. A member can have any name, `__proto__` too: read through the functions here. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A payload's arrays and objects lie at most this deep in one another, so that no recursion over it overflows. */
export const jsonDepthMax = 64;

/**
 * Parse one message.
 *
 * @throws WireError `wire/not-json` when it is anything but one JSON object.
 */
export function parseJsonObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw wireError("wire/not-json", "the message is not a JSON object");
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own member, never one that the prototype has; undefined where there is none. */
export function memberOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function readString(object: JsonObject, name: string): string {
  const value = memberOf(object, name);
  if (typeof value !== "string") throw malformed(name, "must be a string");
  return value;
}

/** A safe integer of at least `min`. */
export function readInteger(object: JsonObject, name: string, min: number): number {
  const value = memberOf(object, name);
  if (!isInteger(value, min)) throw malformed(name, `must be an integer of at least ${min}`);
  return value;
}

/** Such an integer under its name where the member is there, and nothing else. */
export function readOptional<Name extends string>(
  object: JsonObject,
  name: Name,
  min: number,
): { readonly [Member in Name]?: number } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a computed name widens the literal's type
  return (memberOf(object, name) === undefined ? {} : { [name]: readInteger(object, name, min) }) as {
    [Member in Name]?: number;
  };
}

export function readArray(object: JsonObject, name: string): readonly unknown[] {
  const value = memberOf(object, name);
  if (!Array.isArray(value)) throw malformed(name, "must be an array");
  return value;
}

export function readObjects(object: JsonObject, name: string): readonly JsonObject[] {
  return readArray(object, name).map((item) => {
    if (!isJsonObject(item)) throw malformed(name, "must hold objects");
    return item;
  });
}

export function readObject(object: JsonObject, name: string): JsonObject {
  const value = memberOf(object, name);
  if (!isJsonObject(value)) throw malformed(name, "must be an object");
  return value;
}

/** A JSON value that is safe to walk and to copy: not too deep, and without a member called `__proto__`. */
export function readPayload(object: JsonObject, name: string): unknown {
  const value = memberOf(object, name);
  if (value === undefined) throw malformed(name, "is missing");
  return checkPayload(value, name);
}

function checkPayload(value: unknown, name: string): unknown {
  const defect = payloadDefect(value, 0);
  if (defect !== undefined) throw malformed(name, defect);
  return value;
}

/** An array of such values, at most `max`. */
export function readPayloads(object: JsonObject, name: string, max: number): readonly unknown[] {
  const values = readArray(object, name);
  if (values.length > max) throw malformed(name, `holds more than ${max}`);
  for (const value of values) checkPayload(value, name);
  return values;
}

export function malformed(name: string, what: string): WireError {
  return wireError("wire/malformed", `\`${name}\` ${what}`);
}

function isInteger(value: unknown, min: number): value is number {
  return Number.isSafeInteger(value) && typeof value === "number" && value >= min;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own error quotes the message, which may hold a password; errors are logged.
    throw wireError("wire/not-json", "the message is not a JSON object");
  }
}

function payloadDefect(value: unknown, depth: number): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === jsonDepthMax) return `is more than ${jsonDepthMax} levels deep`;
  if (Object.hasOwn(value, "__proto__")) return "has a member called `__proto__`";
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    const defect = payloadDefect(inner, depth + 1);
    if (defect !== undefined) return defect;
  }
  return undefined;
}
