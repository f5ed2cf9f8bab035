import { BusbarError } from "../kernel/errors.js";

/**
 * Check what a caller without types may have given for a schema.
 *
 * @throws BusbarError `contract/invalid-schema`
 */
export function requireSchema(name: string, value: unknown): void {
  const isSchema = (typeof value === "object" || typeof value === "function") && value !== null && "~standard" in value;
  if (isSchema) return;
  throw new BusbarError(
    "contract/invalid-schema",
    `${name} is no schema: give one of a library that implements Standard Schema, such as Zod or Valibot`,
  );
}

/**
 * Check that there are options, and none whose name is unknown: what is misspelled would be left out silently.
 *
 * @throws BusbarError `contract/invalid-option`
 */
export function requireOptions(maker: string, options: unknown, names: readonly string[]): void {
  if (!isRecord(options)) {
    throw new BusbarError("contract/invalid-option", `${maker} takes an object with ${names.join(", ")}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new BusbarError("contract/invalid-option", `${maker} has no option "${unknown}": it has ${names.join(", ")}`);
}

/** Whether it is an object that can have members by name. */
function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Check the lists of roles.
 *
 * @throws BusbarError `contract/invalid-allow`
 */
export function requireRoles(allow: unknown, actions: readonly string[]): void {
  if (!isRecord(allow)) {
    throw new BusbarError("contract/invalid-allow", `allow is an object with lists of roles: ${actions.join(", ")}`);
  }
  for (const [action, roles] of Object.entries(allow)) {
    if (!actions.includes(action)) {
      throw new BusbarError(
        "contract/invalid-allow",
        `allow.${action} allows nothing: it can have ${actions.join(", ")}`,
      );
    }
    if (roles === undefined) continue;
    if (!Array.isArray(roles) || roles.some((role) => typeof role !== "string")) {
      throw new BusbarError("contract/invalid-allow", `allow.${action} is a list of roles' names`);
    }
  }
}
