import type { Contract } from "../contract/contract.js";
import { validate, type Validation } from "../contract/validation.js";
import type { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { MessageCheck } from "./publisher.js";

/** Holds messages against a contract as the server does, so that what does not fit makes no round trip. */
export function checkAgainst(contract: Contract): MessageCheck {
  return (channel, data) => {
    const match = contract.match(channel);
    if (match === undefined) return wireError("channel/unknown", `the contract has no "${channel}"`);
    const validation = validate(match.definition.message, data);
    return validation instanceof Promise ? validation.then(verdictOn) : verdictOn(validation);
  };
}

function verdictOn(validation: Validation<unknown>): BusbarError | undefined {
  return validation.isValid ? undefined : wireError("message/invalid", validation.problem);
}
