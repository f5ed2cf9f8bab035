/** An authenticated identity. */
export interface Principal {
  readonly id: string;
  readonly roles: readonly string[];
  /** What else the authenticator knows: a token's claims, a display name. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When the identity ends, in milliseconds since 1970 UTC; undefined where it does not. */
  readonly expiresAtMs: number | undefined;
}
