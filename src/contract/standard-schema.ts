/**
 * The interface that Zod, Valibot, ArkType and others implement: Standard Schema, version 1.
 *
 * Written out from https://standardschema.dev, so that busbar depends on none of them.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Standard JSON Schema, which some libraries implement as well. */
    readonly jsonSchema?: { readonly input: (options: JsonSchemaOptions) => unknown } | undefined;
    /** Exists for the type checker alone. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a library's JSON Schema is to be; `libraryOptions` are the library's own. */
interface JsonSchemaOptions {
  readonly target: "draft-2020-12";
  readonly libraryOptions?: Record<string, unknown> | undefined;
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema takes. */
export type InputOf<Schema> = Schema extends StandardSchema<infer Input, unknown> ? Input : never;

/** What a schema makes of it. */
export type OutputOf<Schema> = Schema extends StandardSchema<unknown, infer Output> ? Output : never;
