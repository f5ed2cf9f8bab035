import { BusbarError } from "../kernel/errors.js";
import { isFieldValue, isToken } from "./header-syntax.js";

/** One rule that an endpoint can break: who breaks it, how the connection ends, where it is written. */
export interface Rule {
  /** `remote`: the peer broke it. `local`: our caller asked for something that may not be sent. */
  readonly by: "remote" | "local";
  /** The close code (RFC 6455, 7.4.1) that a broken rule ends an open connection with. */
  readonly closeCode: number;
  readonly section: string;
  readonly message: string;
}

export type FrameErrorCode =
  | "frame/reserved-bits"
  | "frame/reserved-opcode"
  | "frame/length-not-minimal"
  | "frame/length-top-bit"
  | "frame/not-masked"
  | "frame/masked"
  | "frame/control-fragmented"
  | "frame/control-too-long"
  | "message/nothing-to-continue"
  | "message/not-finished"
  | "message/not-utf8"
  | "message/too-large"
  | "message/too-many-fragments"
  | "message/not-deflated"
  | "close/one-byte"
  | "close/invalid-code"
  | "close/reason-not-utf8"
  | "send/control-too-long"
  | "send/close-code"
  | "send/close-reason-too-long"
  | "send/not-open";

/** Every error of the frame layer and of the close handshake. `docs/errors.md` lists the same. */
export const frameRules: Readonly<Record<FrameErrorCode, Rule>> = {
  "frame/reserved-bits": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.2",
    message: "a reserved bit is set that no negotiated extension gives a meaning to",
  },
  "frame/reserved-opcode": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.2",
    message: "the opcode is reserved",
  },
  "frame/length-not-minimal": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.2",
    message: "the payload length is not in its shortest form",
  },
  "frame/length-top-bit": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.2",
    message: "the most significant bit of a 64-bit length is set",
  },
  "frame/not-masked": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.1",
    message: "a client's frame is not masked",
  },
  "frame/masked": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.1",
    message: "a server's frame is masked",
  },
  "frame/control-fragmented": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.5",
    message: "a control frame is fragmented",
  },
  "frame/control-too-long": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.5",
    message: "a control frame's payload is longer than 125 bytes",
  },
  "message/nothing-to-continue": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.4",
    message: "a continuation frame without a message to continue",
  },
  "message/not-finished": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.4",
    message: "a new message begins before the last one was finished",
  },
  "message/not-utf8": {
    by: "remote",
    closeCode: 1007,
    section: "RFC 6455, 8.1",
    message: "a text message is not well-formed UTF-8",
  },
  "message/too-large": {
    by: "remote",
    closeCode: 1009,
    section: "RFC 6455, 7.4.1",
    message: "a message is larger than the limit",
  },
  "message/too-many-fragments": {
    by: "remote",
    closeCode: 1008,
    section: "RFC 6455, 10.4",
    message: "a message has more fragments than the limit",
  },
  "message/not-deflated": {
    by: "remote",
    closeCode: 1007,
    section: "RFC 7692, 7.2.2",
    message: "a compressed message does not inflate",
  },
  "close/one-byte": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 5.5.1",
    message: "a close frame's payload is one byte long",
  },
  "close/invalid-code": {
    by: "remote",
    closeCode: 1002,
    section: "RFC 6455, 7.4",
    message: "a close frame carries a code that may not be sent",
  },
  "close/reason-not-utf8": {
    by: "remote",
    closeCode: 1007,
    section: "RFC 6455, 5.5.1",
    message: "a close frame's reason is not well-formed UTF-8",
  },
  "send/control-too-long": {
    by: "local",
    closeCode: 1000,
    section: "RFC 6455, 5.5",
    message: "a control frame's payload can be at most 125 bytes long",
  },
  "send/close-code": {
    by: "local",
    closeCode: 1000,
    section: "RFC 6455, 7.4",
    message: "this close code may not be sent: use 1000 to 1003, 1007 to 1014, or 3000 to 4999",
  },
  "send/close-reason-too-long": {
    by: "local",
    closeCode: 1000,
    section: "RFC 6455, 5.5.1",
    message: "a close reason can be at most 123 bytes of UTF-8",
  },
  "send/not-open": {
    by: "local",
    closeCode: 1000,
    section: "RFC 6455, 5.5.1",
    message: "nothing can be sent once the connection is closing",
  },
};

/** A broken rule of the protocol. `by` says whose fault it is, `closeCode` how the connection ends. */
export class ProtocolError extends BusbarError {
  readonly by: "remote" | "local";
  readonly closeCode: number;
  readonly section: string;

  constructor(code: FrameErrorCode, detail?: string) {
    const rule = frameRules[code];
    super(code, `${rule.message}${detail === undefined ? "" : `: ${detail}`} (${rule.section})`);
    this.by = rule.by;
    this.closeCode = rule.closeCode;
    this.section = rule.section;
  }
}

/** One rule of the opening handshake: what an HTTP answer to its breach says. */
export interface HandshakeRule {
  readonly by: "remote" | "local";
  /** What a server answers with (RFC 9110, 15). */
  readonly status: number;
  readonly section: string;
  readonly message: string;
}

function refusal(status: number, section: string, message: string): HandshakeRule {
  return { by: "remote", status, section, message };
}

export type HandshakeErrorCode =
  | "handshake/malformed"
  | "handshake/head-too-large"
  | "handshake/too-many-headers"
  | "handshake/timeout"
  | "handshake/http-version"
  | "handshake/method"
  | "handshake/host"
  | "handshake/body"
  | "handshake/not-an-upgrade"
  | "handshake/version"
  | "handshake/key"
  | "handshake/protocols"
  | "handshake/extensions"
  | "handshake/origin"
  | "handshake/no-such-path"
  | "handshake/not-authenticated"
  | "handshake/forbidden"
  | "handshake/no-answer"
  | "handshake/too-many-connections"
  | "handshake/too-many-from-address"
  | "handshake/stopping"
  | "handshake/internal"
  | "handshake/response-malformed"
  | "handshake/response-refused"
  | "handshake/response-upgrade"
  | "handshake/response-accept"
  | "handshake/response-protocol"
  | "handshake/response-extensions"
  | "handshake/url"
  | "handshake/header";

/** Every error of the opening handshake, the server's and the client's. `docs/errors.md` lists the same. */
export const handshakeRules: Readonly<Record<HandshakeErrorCode, HandshakeRule>> = {
  "handshake/malformed": refusal(400, "RFC 9112, 3", "the request cannot be read as HTTP/1.1"),
  "handshake/head-too-large": refusal(431, "RFC 6585, 5", "the first line and the headers are longer than the limit"),
  "handshake/too-many-headers": refusal(431, "RFC 6585, 5", "there are more headers than the limit"),
  "handshake/timeout": refusal(408, "RFC 9110, 15.5.9", "the request did not come in time"),
  "handshake/http-version": refusal(505, "RFC 6455, 4.1", "a WebSocket needs HTTP/1.1"),
  "handshake/method": refusal(405, "RFC 6455, 4.1", "a WebSocket begins with a GET request"),
  "handshake/host": refusal(400, "RFC 9112, 3.2", "exactly one Host header is needed"),
  "handshake/body": refusal(400, "RFC 9110, 9.3.1", "a request for an upgrade has no body"),
  "handshake/not-an-upgrade": refusal(
    426,
    "RFC 6455, 4.2.1",
    "only WebSockets are served here: send Upgrade: websocket and Connection: Upgrade",
  ),
  "handshake/version": refusal(426, "RFC 6455, 4.4", "Sec-WebSocket-Version must be 13"),
  "handshake/key": refusal(400, "RFC 6455, 4.2.1", "Sec-WebSocket-Key must be given once, as the base64 of 16 bytes"),
  "handshake/protocols": refusal(400, "RFC 6455, 4.1", "Sec-WebSocket-Protocol must list different tokens"),
  "handshake/extensions": refusal(400, "RFC 6455, 9.1", "Sec-WebSocket-Extensions cannot be read"),
  "handshake/origin": refusal(403, "RFC 6455, 10.2", "pages of this origin may not connect"),
  "handshake/no-such-path": refusal(404, "RFC 6455, 4.2.2", "there is no WebSocket at this path"),
  "handshake/not-authenticated": refusal(
    401,
    "RFC 9110, 15.5.2",
    "name and password, or a token, are needed to connect",
  ),
  "handshake/forbidden": refusal(403, "RFC 9110, 15.5.4", "this client may not connect"),
  "handshake/no-answer": refusal(503, "RFC 9110, 15.6.4", "who this client is cannot be found out now"),
  "handshake/too-many-connections": refusal(
    503,
    "RFC 9110, 15.6.4",
    "the server has as many connections as it can take",
  ),
  "handshake/too-many-from-address": refusal(429, "RFC 6585, 4", "this address has as many connections as it may"),
  "handshake/stopping": refusal(503, "RFC 9110, 15.6.4", "the server is stopping"),
  "handshake/internal": refusal(500, "RFC 9110, 15.6.1", "the server failed; its log says why"),
  "handshake/response-malformed": refusal(502, "RFC 9112, 4", "the server's answer cannot be read as HTTP/1.1"),
  "handshake/response-refused": refusal(502, "RFC 6455, 4.1", "the server refused the WebSocket"),
  "handshake/response-upgrade": refusal(502, "RFC 6455, 4.1", "the server's answer is not an upgrade to websocket"),
  "handshake/response-accept": refusal(
    502,
    "RFC 6455, 4.1",
    "the server's Sec-WebSocket-Accept does not answer the key",
  ),
  "handshake/response-protocol": refusal(502, "RFC 6455, 4.1", "the server chose a subprotocol that was not offered"),
  "handshake/response-extensions": refusal(
    502,
    "RFC 6455, 4.1",
    "the server chose an extension that was not offered, or with parameters that do not fit",
  ),
  "handshake/url": {
    by: "local",
    status: 400,
    section: "RFC 6455, 3",
    message: "a WebSocket URL is ws: or wss: with a host and without a fragment",
  },
  "handshake/header": {
    by: "local",
    status: 500,
    section: "RFC 9110, 5.5",
    message: "this header cannot be sent: its name, its value, or the handshake that writes it itself forbids it",
  },
};

/** What a refusal says itself: how long its body is, and that the connection ends (RFC 9112, 6 and 9.6). */
const OWN_OF_REFUSALS = /^(?:connection|content-length|content-type|transfer-encoding)$/i;

export interface HandshakeErrorOptions {
  /** What exactly was wrong. */
  readonly detail?: string | undefined;
  /** Headers of the refusal; only what can be sent, and what the refusal does not say itself. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The status that a server refused with, where it is not the rule's own. */
  readonly status?: number;
}

/**
 * A handshake that did not lead to a WebSocket, and how a server answers it.
 *
 * @throws HandshakeError `handshake/header` instead, when one of the headers cannot be sent.
 */
export class HandshakeError extends BusbarError {
  readonly by: "remote" | "local";
  readonly status: number;
  readonly section: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HandshakeErrorCode, options: HandshakeErrorOptions = {}) {
    const rule = handshakeRules[code];
    const { detail, headers = {}, status = rule.status } = options;
    for (const [name, value] of Object.entries(headers)) {
      assertHeader(name, value);
      if (OWN_OF_REFUSALS.test(name)) throw new HandshakeError("handshake/header", { detail: JSON.stringify(name) });
    }
    super(code, `${rule.message}${detail === undefined ? "" : `: ${detail}`} (${rule.section})`, {
      retryable: status === 429 || status === 503 || status === 408,
    });
    this.by = rule.by;
    this.status = status;
    this.section = rule.section;
    this.headers = headers;
  }
}

/** @throws HandshakeError `handshake/header` for a name or a value that would break a head apart. */
export function assertHeader(name: string, value: string): void {
  if (!isToken(name) || !isFieldValue(value)) {
    throw new HandshakeError("handshake/header", { detail: JSON.stringify(name) });
  }
}
