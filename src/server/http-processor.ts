import { createHmac } from "node:crypto";
import type { Principal } from "../auth/principal.js";
import type { Params } from "../contract/pattern.js";
import { BusbarError } from "../kernel/errors.js";
import type { ProcessContext, Processor } from "../pipeline/processor.js";
import { isJsonObject, memberOf, readObjects, readString, type JsonObject } from "../wire/json.js";

/** A secret that somebody could guess is none. */
const SECRET_LENGTH_MIN = 16;

/** The longest answer that is read, in bytes. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** Statuses of 4xx that say "later", not "never" (RFC 9110, 15.5.9; RFC 6585, 4; RFC 8470, 5.2). */
const laterStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

export interface HttpProcessorOptions {
  /** Where messages are posted. Redirects are not followed. */
  readonly url: string;
  /** The key of the signature, which both sides know: at least 16 characters. */
  readonly secret: string;
  /** More headers, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A processor behind HTTP, in whatever language: each message is posted as JSON, signed, with its idempotency key.
 *
 * 2xx carries what comes out (`{ message?, emit? }`, `{ drop: true }`, or nothing, which keeps the message as it is);
 * 4xx rejects the message with the answer's `reason`; 5xx, 408, 425, 429, no answer, and an answer that is none of these
 * have failed. docs/pipeline.md describes the request and its signature.
 *
 * @example process: { "orders/:id": queued(httpProcessor({ url: "http://localhost:9000/orders", secret })) }
 * @throws BusbarError `options/invalid`.
 */
export function httpProcessor<Message, EmitTo, Reason>(
  options: HttpProcessorOptions,
): Processor<Message, Params, Principal, EmitTo, Reason> {
  const { headers = {}, secret, url } = options;
  if (!URL.canParse(url)) throw new BusbarError("options/invalid", `"${url}" is no URL to post messages to`);
  if (secret.length < SECRET_LENGTH_MIN) {
    throw new BusbarError(
      "options/invalid",
      `the secret of an HTTP processor has at least ${SECRET_LENGTH_MIN} characters`,
    );
  }
  return async (message, context) => {
    const { attempt, idempotencyKey, signal } = context;
    const body = bodyOf(message, context);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const response = await fetch(url, {
      method: "POST",
      redirect: "error",
      signal,
      headers: {
        ...headers,
        "Content-Type": "application/json",
        "Idempotency-Key": idempotencyKey,
        "Busbar-Attempt": String(attempt),
        "Busbar-Timestamp": timestamp,
        "Busbar-Signature": `v1=${signatureOf(secret, timestamp, body)}`,
      },
      body,
    });
    const text = await textOf(response);
    if (response.ok) return carryOut(text, message, context);
    if (response.status < 400 || response.status >= 500 || laterStatuses.has(response.status)) {
      throw new BusbarError("pipeline/http-failed", `the processor behind HTTP answered ${response.status}`);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the contract's type cannot reach another program
    return context.reject(reasonOf(text, response.status) as Reason);
  };
}

/** The signature of a body: HMAC-SHA256 over `timestamp.body`, in hexadecimal digits. */
function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}

function bodyOf<EmitTo, Reason>(
  data: unknown,
  { attempt, channel, idempotencyKey, params, principal }: ProcessContext<Params, Principal, EmitTo, Reason>,
): string {
  const { id, roles } = principal;
  return JSON.stringify({ id: idempotencyKey, attempt, channel, params, principal: { id, roles }, data });
}

function carryOut<Message, EmitTo, Reason>(
  text: string,
  message: Message,
  { drop, emit }: ProcessContext<Params, Principal, EmitTo, Reason>,
): Message | ReturnType<typeof drop> {
  if (text.trim() === "") return message;
  const answer = parsed(text);
  if (answer === undefined)
    throw new BusbarError("pipeline/http-failed", "the processor behind HTTP answered no JSON object");
  const emits: readonly JsonObject[] = memberOf(answer, "emit") === undefined ? [] : readObjects(answer, "emit");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- names and messages are held against the contract
  const emitAny = emit as (channel: string, data: unknown) => void;
  for (const one of emits) emitAny(readString(one, "channel"), memberOf(one, "data"));
  if (memberOf(answer, "drop") === true) return drop();
  const next = memberOf(answer, "message");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what another program made of the message
  return next === undefined ? message : (next as Message);
}

function reasonOf(text: string, status: number): unknown {
  const answer = parsed(text);
  return (answer && memberOf(answer, "reason")) ?? `the processor behind HTTP answered ${status}`;
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text of an answer, which must not be too long. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new BusbarError(
        "pipeline/http-failed",
        `the processor behind HTTP answered more than ${ANSWER_BYTES_MAX} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
