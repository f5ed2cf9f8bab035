import type { Principal } from "./principal.js";

/** Whether the principal has one of the allowed roles. Where nobody is allowed, or nothing is said, nobody is. */
export function isAllowed(principal: Principal, allowedRoles: readonly string[] | undefined): boolean {
  return allowedRoles !== undefined && principal.roles.some((role) => allowedRoles.includes(role));
}
