import { BusbarError } from "../kernel/errors.js";

/** One rule that an endpoint can break: who breaks it, how the connection ends, where it is written. */
export interface Rule {
  /** `remote`: the peer broke it. `local`: our caller asked for something that may not be sent. */
  readonly by: "remote" | "local";
  /** The close code (RFC 6455, 7.4.1) that a broken rule ends an open connection with. */
  readonly closeCode: number;
  readonly section: string;
  readonly message: string;
}

/** Every error of the frame layer and of the close handshake. `docs/errors.md` lists the same. */
export const frameRules = {
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
} as const satisfies Readonly<Record<string, Rule>>;

export type FrameErrorCode = keyof typeof frameRules;

/** A broken rule of the protocol. `by` says whose fault it is, `closeCode` how the connection ends. */
export class ProtocolError extends BusbarError {
  readonly by: "remote" | "local";
  readonly closeCode: number;
  readonly section: string;

  constructor(code: FrameErrorCode, detail?: string) {
    const rule: Rule = frameRules[code];
    super(code, `${rule.message}${detail === undefined ? "" : `: ${detail}`} (${rule.section})`);
    this.by = rule.by;
    this.closeCode = rule.closeCode;
    this.section = rule.section;
  }
}
