/** The close codes that this engine itself sends or reports (RFC 6455, 7.4.1, and IANA's registry of close codes). */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  /** Never travels: the close frame carried no code. */
  noStatus: 1005,
  /** Never travels: the connection ended without a close frame. */
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
} as const;

/** Whether a code may travel in a close frame: registered with IANA for the wire, or free for libraries (3xxx) and applications (4xxx). */
export function mayTravel(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}
