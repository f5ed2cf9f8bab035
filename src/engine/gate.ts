import { firstOf, type AuthenticationRequest, type Authenticator } from "../auth/authenticator.js";
import type { Principal } from "../auth/principal.js";
import { withoutSecrets } from "../auth/redaction.js";
import { causeText } from "../kernel/cause-text.js";
import { BusbarError } from "../kernel/errors.js";
import type { Logger } from "../kernel/logger.js";
import { negotiateDeflate, type DeflateParameters } from "../protocol/deflate-negotiation.js";
import { HandshakeError } from "../protocol/errors.js";
import type { RequestHead } from "../protocol/http-head.js";
import { isOriginAllowed } from "../protocol/origin.js";
import {
  acceptUpgrade,
  checkUpgradeRequest,
  chooseProtocol,
  type UpgradeRequest,
} from "../protocol/server-handshake.js";
import { HandshakeRequest } from "./handshake-request.js";
import { compressionOf, type ServerOptions } from "./options.js";

/** When to try again where nobody could say who the client is. */
const RETRY_AFTER_S = 5;

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

  /** Throws or rejects with a HandshakeError, which says how the request is to be refused. */
  admit(head: RequestHead, peer: Peer): Admission | Promise<Admission> {
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
    if (this.#authenticate === undefined) return this.#admission(request, upgrade, undefined);
    return this.#principalOf(this.#authenticate, request).then((principal) =>
      this.#admission(request, upgrade, principal),
    );
  }

  #admission(request: HandshakeRequest, upgrade: UpgradeRequest, principal: Principal | undefined): Admission {
    const protocol = chooseProtocol(upgrade.protocols, this.#options.subprotocols ?? []);
    const compression = compressionOf(this.#options);
    const deflate =
      compression && negotiateDeflate(upgrade.extensions, { noContextTakeover: !compression.contextTakeover });
    const response = acceptUpgrade({ key: upgrade.key, protocol, deflate });
    return { response, request, principal, protocol: protocol ?? "", deflate };
  }

  async #principalOf(authenticate: Authenticator, request: HandshakeRequest): Promise<Principal> {
    const asked: AuthenticationRequest = {
      ...request.toAuthenticate(),
      at: "handshake",
      report: ({ why }) => this.#logRefused(why, asked),
    };
    let principal: Principal | undefined;
    try {
      principal = await authenticate(asked);
    } catch (error) {
      throw this.#refusalFor(error, asked);
    }
    if (principal !== undefined) return principal;
    const { challenge } = authenticate;
    const headers = challenge === undefined ? {} : { "WWW-Authenticate": challenge };
    throw new HandshakeError("handshake/not-authenticated", { headers });
  }

  /** The answer to what an authenticator threw; the log has the reason. */
  #refusalFor(error: unknown, asked: AuthenticationRequest): HandshakeError {
    if (error instanceof HandshakeError) return error;
    const code = error instanceof BusbarError ? error.code : undefined;
    if (code === "auth/forbidden") {
      this.#logRefused(error, asked);
      return new HandshakeError("handshake/forbidden");
    }
    this.#logger.error("websocket/authenticator-failed", {
      address: asked.remoteAddress,
      error: causeText(withoutSecrets(error, asked)),
    });
    if (code !== "auth/no-answer") return new HandshakeError("handshake/internal");
    return new HandshakeError("handshake/no-answer", { headers: { "Retry-After": String(RETRY_AFTER_S) } });
  }

  #logRefused(why: unknown, asked: AuthenticationRequest): void {
    const { remoteAddress: address } = asked;
    this.#logger.warn("websocket/credentials-refused", { address, why: causeText(withoutSecrets(why, asked)) });
  }
}

/** A path as it may be said again: an absolute URI can hold a password, and what follows the path a token. */
function shownPath(path: string): string {
  return path.startsWith("/") ? (path.split(/[?#;]/, 1)[0] ?? "") : "an absolute URI";
}
