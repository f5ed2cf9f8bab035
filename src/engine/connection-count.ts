import { HandshakeError } from "../protocol/errors.js";
import type { Limits } from "./options.js";

/** When a client that was one too many can try again (RFC 9110, 10.2.3). */
const RETRY_AFTER = { "Retry-After": "5" };

/** Counts open connections, in all and for each address. */
export class ConnectionCount {
  readonly #limits: Limits;
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /**
   * Count a new connection; call `leave` when it has gone.
   *
   * @throws HandshakeError `handshake/too-many-connections` or `handshake/too-many-from-address`; then it is not counted.
   */
  enter(address: string): void {
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    if (this.#total >= connectionsMax)
      throw new HandshakeError("handshake/too-many-connections", { headers: RETRY_AFTER });
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (ofAddress >= connectionsPerAddressMax) {
      throw new HandshakeError("handshake/too-many-from-address", { headers: RETRY_AFTER });
    }
    this.#total++;
    this.#byAddress.set(address, ofAddress + 1);
  }

  leave(address: string): void {
    const left = (this.#byAddress.get(address) ?? 0) - 1;
    this.#total--;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
