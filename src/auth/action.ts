/** What a role can allow or deny. */
export const actions = ["subscribe", "publish", "presence", "history", "call", "operate"] as const;

/**
 * - `subscribe`: read what is published from now on, and see who is present.
 * - `publish`: write messages.
 * - `presence`: be seen as present.
 * - `history`: read what was published before.
 * - `call`: call what the server handles; for what clients handle: offer to carry it out.
 * - `operate`: use the operators' calls.
 */
export type Action = (typeof actions)[number];

export function isAction(value: unknown): value is Action {
  return actions.some((action) => action === value);
}
