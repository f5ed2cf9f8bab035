import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { AuthenticationRequest, RequestHeaders } from "./authenticator.js";

/** A text that is shorter is no secret, and would be found in every message. */
const secretLengthMin = 4;

/** What stands for a secret. */
const mask = "[redacted]";

/** Headers whose values are known to the public; all others may hold a secret. */
const publicHeaders: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "connection",
  "content-length",
  "host",
  "origin",
  "pragma",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-version",
  "upgrade",
  "user-agent",
]);

/**
 * Make an authenticator's error fit for a log: as it is where it holds nothing of what the client showed, and otherwise
 * another one, `auth/failed`, with `[redacted]` in the place of every secret.
 */
export function withoutSecrets(error: unknown, request: AuthenticationRequest): unknown {
  const text = causeText(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const secrets = secretsOf(request);
  const [cleanText, cleanStack] = [redacted(text, secrets), redacted(stack, secrets)];
  if (cleanText === text && cleanStack === stack) return error;
  const clean = new BusbarError("auth/failed", cleanText);
  clean.stack = cleanStack;
  return clean;
}

/** Everything in a request that can be a secret, also as it looks encoded; the longest first. */
function secretsOf({ cookies, credentials, headers, url }: AuthenticationRequest): readonly string[] {
  const shown = [
    ...(credentials?.scheme === "basic" ? [credentials.password] : []),
    ...(credentials?.scheme === "bearer" ? [credentials.token, ...credentials.token.split(".")] : []),
    ...cookies.values(),
    ...headerValues(headers),
    ...queryValues(url),
  ];
  const all = shown.flatMap((text) => [text, ...encodingsOf(text)]);
  return [...new Set(all)]
    .filter((text) => text.length >= secretLengthMin)
    .toSorted((one, other) => other.length - one.length);
}

/** As it looks in JSON, in a URL, and in a log's one line. */
function encodingsOf(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  // What has half a surrogate pair has no such encoding.
  const percent = /\p{Surrogate}/u.test(text) ? [] : [encodeURIComponent(text)];
  return [json, causeText(text), ...percent];
}

function headerValues(headers: RequestHeaders): readonly string[] {
  const iterator = headers[Symbol.iterator]?.();
  const values: string[] = [];
  for (let next = iterator?.next(); next !== undefined && next.done !== true; next = iterator?.next()) {
    const [name, value] = next.value;
    if (!publicHeaders.has(name.toLowerCase())) values.push(value, ...value.split(/[ ,;=]+/));
  }
  return values;
}

function queryValues(url: string): readonly string[] {
  const queryAt = url.indexOf("?");
  if (queryAt === -1) return [];
  const query = url.slice(queryAt + 1);
  return [query, ...query.split(/[&=]/), ...new URLSearchParams(query).values()];
}

function redacted(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, mask), text);
}
