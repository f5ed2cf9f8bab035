import type { Contract } from "../contract/contract.js";
import type { Validation } from "../contract/validation.js";
import type { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { MessageCheck } from "./publisher.js";

/** Holds messages against a contract as the server does, so that what does not fit makes no round trip. */
export function checkAgainst(contract: Contract): MessageCheck {
  return (channel, data) => {
    const validation = contract.check(channel, data);
    if (validation === undefined) return wireError("channel/unknown", `the contract has no "${channel}"`);
    return validation instanceof Promise ? validation.then(verdictOn) : verdictOn(validation);
  };
}

function verdictOn(validation: Validation<unknown>): BusbarError | undefined {
  return validation.isValid ? undefined : wireError("message/invalid", validation.problem);
}
