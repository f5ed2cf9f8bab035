import type { BearerPorts } from "../../src/auth/bearer-keys.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";

/** Ports of a bearer on a virtual clock, on which every signature is right that ends in `good`, and nothing is published. */
export function silentPorts(): BearerPorts & { readonly clock: VirtualClock } {
  const isGood = (token: string): Promise<boolean> =>
    Promise.resolve(Buffer.from(token.split(".")[2] ?? "", "base64url").toString() === "good");
  return {
    clock: new VirtualClock(),
    checks: { withSecret: () => isGood, withPublicKey: () => isGood },
    documents: { fetch: () => Promise.reject(new Error("nobody answers")) },
  };
}
