import type { SchemaIssue, SchemaResult, StandardSchema } from "./standard-schema.js";

/** What came out of holding a value against a schema; `problem` is one line for people that says where and what. */
export type Validation<Output> =
  | { readonly isValid: true; readonly value: Output }
  | { readonly isValid: false; readonly problem: string };

/** So many issues are told; who sends nonsense does not get an essay about it. */
const issuesToldMax = 3;

/** Hold a value against a schema. Returns a promise only where the schema does. Throws what the schema throws. */
export function validate<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
): Validation<Output> | Promise<Validation<Output>> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then(validationOf) : validationOf(result);
}

function validationOf<Output>(result: SchemaResult<Output>): Validation<Output> {
  if (result.issues === undefined) return { isValid: true, value: result.value };
  const told = result.issues.slice(0, issuesToldMax).map(describe);
  const untold = result.issues.length - told.length;
  if (untold > 0) told.push(`and ${untold} more`);
  return { isValid: false, problem: told.join("; ") };
}

function describe({ message, path = [] }: SchemaIssue): string {
  const where = path.map((part) => stepTo(typeof part === "object" ? part.key : part)).join("");
  return where === "" ? message : `${where.replace(/^\./, "")}: ${message}`;
}

function stepTo(key: PropertyKey): string {
  return typeof key === "number" ? `[${key}]` : `.${String(key)}`;
}
