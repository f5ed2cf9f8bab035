/**
 * Compare a secret with what somebody claims it to be.
 *
 * The time depends on the length of `claimed` alone, never on where the two differ or on how long `secret` is, so that
 * trying out values teaches nothing. `secret` is not empty.
 */
export function isSameSecret(secret: string, claimed: string): boolean {
  let difference = secret.length ^ claimed.length;
  for (let index = 0; index < claimed.length; index++) {
    difference |= secret.charCodeAt(index % secret.length) ^ claimed.charCodeAt(index);
  }
  return difference === 0;
}
