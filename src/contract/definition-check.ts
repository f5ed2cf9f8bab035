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
 * Check the lists of roles.
 *
 * @throws BusbarError `contract/invalid-allow`
 */
export function requireRoles(allow: object, actions: readonly string[]): void {
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
