/** Secrets that go through every way in, and a look for them in all that came out. */

export interface Canaries {
  readonly token: string;
  readonly password: string;
}

/** So many messages are queued, and become dead letters. */
export const queuedCount = 4;

/** What the server's process remembers. */
export interface CanaryReport {
  readonly audit: readonly unknown[];
  /** The pipeline's figures. */
  readonly snapshot: unknown;
  readonly dead: readonly unknown[];
  readonly clients: readonly unknown[];
}

/** Where a text holds one of the secrets, as it is or encoded; each with what stands around it. */
export function hits(text: string, { password, token }: Canaries): readonly string[] {
  return [password, token]
    .flatMap(formsOf)
    .flatMap((form) =>
      Array.from(text.matchAll(new RegExp(form.replaceAll(/[^A-Za-z0-9]/g, "\\$&"), "g")), ({ index }) =>
        text.slice(Math.max(0, index - 80), index + form.length + 20),
      ),
    );
}

/** A secret as it is, and what base64 makes of its inside, wherever in three bytes it begins. */
function formsOf(secret: string): readonly string[] {
  const shifted = ["", "x", "xx"].map((before) => Buffer.from(`${before}${secret}`).toString("base64"));
  return [secret, ...shifted.map((text) => text.slice(4, -4))];
}
