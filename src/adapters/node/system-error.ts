import { getSystemErrorName } from "node:util";
import { withoutStack } from "../../kernel/without-stack.js";

/** What a call of the system failed with, such as ECONNRESET. */
export function systemError(call: string, status: number): Error {
  const code = getSystemErrorName(status);
  return withoutStack(() => Object.assign(new Error(`${call} ${code}`), { code }));
}
