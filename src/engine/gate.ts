import { firstOf, type Authenticator } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import { withoutSecrets } from "../auth/redaction.js";
import type { Logger } from "../kernel/logger.js";
import { negotiateDeflate, type DeflateParameters } from "../protocol/deflate-negotiation.js";
import { HandshakeError } from "../protocol/errors.js";
import type { RequestHead } from "../protocol/http-head.js";
import { isOriginAllowed } from "../protocol/origin.js";
import { acceptUpgrade, checkUpgradeRequest, chooseProtocol } from "../protocol/server-handshake.js";
import { authenticationRequest, HandshakeRequest } from "./handshake-request.js";
import { compressionOf, type ServerOptions } from "./options.js";

/** Where a request for an upgrade came from. */
export interface Peer {
  readonly address: string;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
}

/** What was decided about a request that may become a socket. */
export interface Admission {
  /** The bytes of the 101 response. */
  readonly response: Uint8Array;
  readonly request: HandshakeRequest;
  readonly principal: Principal | undefined;
  readonly protocol: string;
  readonly deflate: DeflateParameters | undefined;
}

/** Decides who gets a socket: path, handshake, origin, authentication, in this order. */
export class Gate {
  readonly #options: ServerOptions;
  readonly #logger: Logger;
  readonly #authenticate: Authenticator | undefined;

  constructor(options: ServerOptions, logger: Logger) {
    const { authenticate } = options;
    this.#options = options;
    this.#logger = logger;
    if (authenticate !== undefined) this.#authenticate = firstOf([authenticate].flat());
  }

  /** @throws HandshakeError, which says how the request is to be refused. */
  async admit(head: RequestHead, peer: Peer): Promise<Admission> {
    const { headers } = head;
    const request = new HandshakeRequest(head.target, headers, peer.address);
    if (this.#options.path !== undefined && request.path !== this.#options.path) {
      throw new HandshakeError("handshake/no-such-path", { detail: shownPath(request.path) });
    }
    const upgrade = checkUpgradeRequest(head);
    const host = headers.get("host") ?? "";
    const origins = headers.getAll("origin");
    if (!isOriginAllowed({ origins, host, isSecure: peer.isSecure, allowed: this.#options.origins ?? "same" })) {
      throw new HandshakeError("handshake/origin", { detail: origins.join(", ") });
    }
    const principal = await this.#principalOf(request);
    const protocol = chooseProtocol(upgrade.protocols, this.#options.subprotocols ?? []);
    const compression = compressionOf(this.#options);
    const deflate =
      compression && negotiateDeflate(upgrade.extensions, { noContextTakeover: !compression.contextTakeover });
    const response = acceptUpgrade({ key: upgrade.key, protocol, deflate });
    return { response, request, principal, protocol: protocol ?? "", deflate };
  }

  async #principalOf(request: HandshakeRequest): Promise<Principal | undefined> {
    if (this.#authenticate === undefined) return undefined;
    const asked = authenticationRequest(request);
    let principal: Principal | undefined;
    try {
      principal = await this.#authenticate(asked);
    } catch (error) {
      if (error instanceof HandshakeError) throw error;
      this.#logger.error("websocket/authenticator-failed", {
        address: request.remoteAddress,
        error: String(withoutSecrets(error, asked)),
      });
      throw new HandshakeError("handshake/internal");
    }
    if (principal !== undefined) return principal;
    const { challenge } = this.#authenticate;
    const headers = challenge === undefined ? {} : { "WWW-Authenticate": challenge };
    throw new HandshakeError("handshake/not-authenticated", { headers });
  }
}

/** A path as it may be said again: an absolute URI can hold a password, and what follows the path a token. */
function shownPath(path: string): string {
  return path.startsWith("/") ? (path.split(/[?#;]/, 1)[0] ?? "") : "an absolute URI";
}
