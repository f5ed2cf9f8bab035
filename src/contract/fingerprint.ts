import { fnv1a64 } from "../kernel/fnv.js";
import type { CallDefinition } from "./call.js";
import type { ChannelDefinition } from "./channel.js";
import type { StandardSchema } from "./standard-schema.js";

/** A schema's description goes so deep: what refers to itself ends somewhere. */
const DEPTH_MAX = 32;

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
  return fnv1a64(canonical(describe(definition), 0));
}

function describe(definition: ChannelDefinition | CallDefinition): unknown {
  const { kind, version } = definition;
  if (version !== undefined) return { kind, version };
  if (kind === "channel") {
    return { kind, message: schemaOf(definition.message), presence: schemaOf(definition.presence) };
  }
  const { handledBy, input, output, refusal } = definition;
  return { kind, handledBy, input: schemaOf(input), output: schemaOf(output), refusal: schemaOf(refusal) };
}

/** A schema as JSON Schema where its library can say that; else its own plain data. */
function schemaOf(schema: StandardSchema | undefined): unknown {
  if (schema === undefined) return undefined;
  const { jsonSchema, vendor } = schema["~standard"];
  try {
    if (jsonSchema !== undefined) return jsonSchema.input({ target: "draft-2020-12" });
  } catch {
    // Some schemas have no JSON Schema, such as those with a date in them: then their data has to do.
  }
  return { vendor, schema };
}

/** JSON with the members in order; functions, and what begins with `~`, are left out. */
function canonical(value: unknown, depth: number): string {
  if (typeof value === "bigint" || value instanceof RegExp) return JSON.stringify(String(value));
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  if (depth === DEPTH_MAX) return "…";
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item, depth + 1));
    // Lists of names, such as JSON Schema's `required` and `enum`, are sets.
    const isSet = value.every((item) => typeof item === "string");
    return `[${(isSet ? items.toSorted() : items).join(",")}]`;
  }
  const members = Object.entries(value)
    .filter(([name, member]) => !name.startsWith("~") && typeof member !== "function" && member !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member, depth + 1)}`).join(",")}}`;
}
