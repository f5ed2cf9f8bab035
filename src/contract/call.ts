import { BusbarError } from "../kernel/errors.js";
import { requireOptions, requireRoles, requireSchema } from "./definition-check.js";
import type { StandardSchema } from "./standard-schema.js";

/** Which side carries a call out. */
export type CallSide = "server" | "client";

export interface CallOptions {
  readonly input: StandardSchema;
  readonly output: StandardSchema;
  /** What the handler says when it refuses. Without it the reason is any text. */
  readonly refusal?: StandardSchema;
  /** Default: the server. */
  readonly handledBy?: CallSide;
  /**
   * Which roles may call what the server handles; what is left out, nobody may. Or which may offer what clients handle; there,
   * everybody may where nothing is said.
   */
  readonly allow?: { readonly call?: readonly string[] };
  /** How long the answer may take. Default: 30,000. */
  readonly deadlineMs?: number;
  /** Stands for the schemas in the contract's fingerprint: to be given where a library cannot describe its schemas. */
  readonly version?: string | number;
}

/** A call, as `call()` makes it, with its defaults filled in. */
export interface CallDefinition<
  Input extends StandardSchema = StandardSchema,
  Output extends StandardSchema = StandardSchema,
  Refusal extends StandardSchema | undefined = StandardSchema | undefined,
  Side extends CallSide = CallSide,
> {
  readonly kind: "call";
  readonly input: Input;
  readonly output: Output;
  readonly refusal: Refusal;
  readonly handledBy: Side;
  readonly allow: { readonly call?: readonly string[] };
  readonly deadlineMs: number;
  readonly version: string | number | undefined;
}

/** The definition that options make, with the defaults for what they leave out. */
export type CallOf<Options extends CallOptions> = CallDefinition<
  Options["input"],
  Options["output"],
  Options extends { readonly refusal: infer Refusal extends StandardSchema } ? Refusal : undefined,
  Options extends { readonly handledBy: infer Side extends CallSide } ? Side : "server"
>;

/** A misspelled option is an error where it is written: what options are inferred from takes more than they have. */
type NoOthers<Options> = { readonly [Name in Exclude<keyof Options, keyof CallOptions>]: never };

const deadlineDefaultMs = 30_000;

const optionNames = ["input", "output", "refusal", "handledBy", "allow", "deadlineMs", "version"];

/**
 * Describe a request and its response.
 *
 * @example call({ input: z.object({ sku: z.string() }), output: z.object({ id: z.string() }), allow: { call: ["member"] } })
 * @throws BusbarError `contract/invalid-schema`, `contract/invalid-allow`, `contract/invalid-call` or
 * `contract/invalid-option`.
 */
export function call<const Options extends CallOptions>(options: Options & NoOthers<Options>): CallOf<Options>;
export function call(options: CallOptions): CallDefinition {
  requireOptions("call()", options, optionNames);
  const { allow = {}, deadlineMs = deadlineDefaultMs, handledBy = "server", input, output, refusal, version } = options;
  requireSchema("input", input);
  requireSchema("output", output);
  if (refusal !== undefined) requireSchema("refusal", refusal);
  requireRoles(allow, ["call"]);
  if (handledBy !== "server" && handledBy !== "client") {
    throw new BusbarError("contract/invalid-call", `handledBy is "server" or "client", not ${String(handledBy)}`);
  }
  if (!Number.isSafeInteger(deadlineMs) || deadlineMs < 1) {
    throw new BusbarError("contract/invalid-call", `deadlineMs is a whole number from 1, not ${deadlineMs}`);
  }
  return { kind: "call", input, output, refusal, handledBy, allow, deadlineMs, version };
}
