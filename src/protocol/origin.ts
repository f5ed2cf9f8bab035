/** Which origins may connect: the server's own alone, all, or those of a list. */
export type AllowedOrigins = "same" | "any" | readonly string[];

export interface OriginCheck {
  /** The values of the request's `Origin` headers. */
  readonly origins: readonly string[];
  /** The request's `Host`. */
  readonly host: string;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
  readonly allowed: AllowedOrigins;
}

/**
 * Whether a page of this origin may connect (RFC 6455, 10.2). Programs that are no browsers send no origin, and may.
 *
 * Scheme, host and port have to be the same, to the letter, in the form in which browsers send them (RFC 6454, 6.2):
 * in ASCII, so that names that look alike differ. `null`, which many pages share, is never the server's own origin.
 */
export function isOriginAllowed({ allowed, host, isSecure, origins }: OriginCheck): boolean {
  const [origin, ...more] = origins;
  if (allowed === "any" || origin === undefined) return true;
  if (more.length > 0) return false;
  if (allowed !== "same") return allowed.includes(origin);
  return origin === `${isSecure ? "https" : "http"}://${withoutDefaultPort(host.toLowerCase(), isSecure)}`;
}

function withoutDefaultPort(host: string, isSecure: boolean): string {
  const suffix = isSecure ? ":443" : ":80";
  return host.endsWith(suffix) ? host.slice(0, -suffix.length) : host;
}
