import { fnv1a64 } from "../kernel/fnv.js";
import type { CallDefinition } from "./call.js";
import type { ChannelDefinition } from "./channel.js";
import type { StandardSchema } from "./standard-schema.js";

/** A schema's description has so many parts, so deep: a schema that makes itself anew whenever it is read ends somewhere. */
const PARTS_MAX = 10_000;
const DEPTH_MAX = 128;

/** What two contracts have in common and what not, by pattern. */
export interface Differences {
  /** In both, and different. */
  readonly changed: readonly string[];
  /** Only in the first. */
  readonly missing: readonly string[];
}

/** What is different in `theirs`, seen from `mine`. */
export function differences(
  mine: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>,
): Differences {
  const patterns = Object.keys(mine);
  const has = (pattern: string): boolean => Object.hasOwn(theirs, pattern);
  return {
    changed: patterns.filter((pattern) => has(pattern) && mine[pattern] !== theirs[pattern]),
    missing: patterns.filter((pattern) => !has(pattern)),
  };
}

/** One fingerprint for all parts, in whatever order they are. */
export function fingerprint(parts: Readonly<Record<string, string>>): string {
  return fnv1a64(JSON.stringify(Object.entries(parts).toSorted(([one], [other]) => (one < other ? -1 : 1))));
}

/** A fingerprint of what travels: the schemas, not what the server does with the messages. */
export function partFingerprint(definition: ChannelDefinition | CallDefinition): string {
  return new CanonicalText().of(describe(definition));
}

function describe(definition: ChannelDefinition | CallDefinition): unknown {
  const { kind, version } = definition;
  if (version !== undefined) return { kind, version };
  if (kind === "channel") {
    const { message, presence, rejection } = definition;
    return { kind, message: schemaOf(message), presence: schemaOf(presence), rejection: schemaOf(rejection) };
  }
  const { handledBy, input, output, refusal } = definition;
  return { kind, handledBy, input: schemaOf(input), output: schemaOf(output), refusal: schemaOf(refusal) };
}

/** A schema as JSON Schema where its library can say that; else its own plain data. */
function schemaOf(schema: StandardSchema | undefined): unknown {
  if (schema === undefined) return undefined;
  const { vendor } = schema["~standard"];
  // Where a part has no JSON Schema, such as a date, the rest says more as JSON Schema, and the part itself as data.
  return jsonSchemaOf(schema) ?? { vendor, schema, known: jsonSchemaOf(schema, { unrepresentable: "any" }) };
}

function jsonSchemaOf(schema: StandardSchema, libraryOptions?: Record<string, unknown>): unknown {
  try {
    return schema["~standard"].jsonSchema?.input({ target: "draft-2020-12", libraryOptions });
  } catch {
    return undefined;
  }
}

/** Texts that are the same for the same data, whatever the order of its members, and however its parts are shared. */
class CanonicalText {
  /** What each object's text is, hashed: what contains itself, or the same part often, is no longer than others. */
  readonly #known = new Map<object, string>();

  of(value: unknown, depth = 0): string {
    if (typeof value === "bigint" || value instanceof RegExp) return JSON.stringify(String(value));
    if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    if (depth === DEPTH_MAX || this.#known.size === PARTS_MAX) return "…";
    this.#known.set(value, "↑");
    const text = fnv1a64(Array.isArray(value) ? this.#list(value, depth + 1) : this.#members(value, depth + 1));
    this.#known.set(value, text);
    return text;
  }

  #list(values: readonly unknown[], depth: number): string {
    const items = values.map((item) => this.of(item, depth));
    // Lists of names, such as JSON Schema's `required` and `enum`, are sets.
    const isSet = values.every((item) => typeof item === "string");
    return `[${(isSet ? items.toSorted() : items).join(",")}]`;
  }

  /** Functions are left out, and what the schema says to busbar. */
  #members(value: object, depth: number): string {
    const members = Object.entries(value)
      .filter(([name, member]) => name !== "~standard" && typeof member !== "function" && member !== undefined)
      .toSorted(([one], [other]) => (one < other ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${this.of(member, depth)}`).join(",")}}`;
  }
}
