import { HandshakeError } from "../protocol/errors.js";
import type { Limits } from "./options.js";

/** When a client that was one too many can try again (RFC 9110, 10.2.3). */
const RETRY_AFTER = { "Retry-After": "5" };

/** A connection that is counted, for its address where that is known. */
export interface Counted {
  address?: string | undefined;
}

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
   * Count a new connection; call `leave` with the same when it has gone. Without an address it counts in all; `belong`
   * says where it belongs to later.
   *
   * @throws HandshakeError `handshake/too-many-connections` or `handshake/too-many-from-address`; then it is not counted.
   */
  enter(counted: Counted): void {
    if (this.#total >= this.#limits.connectionsMax) {
      throw new HandshakeError("handshake/too-many-connections", { headers: RETRY_AFTER });
    }
    if (counted.address !== undefined) this.belong({}, counted.address);
    this.#total++;
  }

  /** @throws HandshakeError `handshake/too-many-from-address`; then it counts for no address. */
  belong(counted: Counted, address: string): void {
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (ofAddress >= this.#limits.connectionsPerAddressMax) {
      throw new HandshakeError("handshake/too-many-from-address", { headers: RETRY_AFTER });
    }
    this.#byAddress.set(address, ofAddress + 1);
    counted.address = address;
  }

  leave({ address }: Counted): void {
    this.#total--;
    if (address === undefined) return;
    const left = (this.#byAddress.get(address) ?? 0) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
