import { describe, expect, it } from "vitest";
import { BusbarError } from "../kernel/errors.js";
import {
  assertHeader,
  frameRules,
  HandshakeError,
  handshakeRules,
  ProtocolError,
  type FrameErrorCode,
  type HandshakeErrorCode,
} from "./errors.js";

describe("a protocol error", () => {
  it("says who broke which rule, with the close code and the section", () => {
    const error = new ProtocolError("message/too-large", "70000 bytes, the limit is 65536");
    expect(error).toBeInstanceOf(BusbarError);
    expect(error).toMatchObject({ code: "message/too-large", by: "remote", closeCode: 1009, retryable: false });
    expect(error.message).toBe("a message is larger than the limit: 70000 bytes, the limit is 65536 (RFC 6455, 7.4.1)");
  });

  it.each(Object.keys(frameRules) as FrameErrorCode[])("%s names a section of an RFC", (code) => {
    expect(new ProtocolError(code).message).toMatch(/ \(RFC (6455|7692), [0-9.]+\)$/);
  });
});

describe("a handshake error", () => {
  it("says who broke which rule, and how a server answers", () => {
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Version": "13" };
    const error = new HandshakeError("handshake/version", { detail: "8", headers });
    expect(error).toBeInstanceOf(BusbarError);
    expect(error).toMatchObject({ code: "handshake/version", by: "remote", status: 426, headers, retryable: false });
    expect(error.message).toBe("Sec-WebSocket-Version must be 13: 8 (RFC 6455, 4.4)");
  });

  it("has no detail and no headers unless told so", () => {
    const error = new HandshakeError("handshake/url");
    expect(error).toMatchObject({ by: "local", headers: {} });
    expect(error.message).toBe("a WebSocket URL is ws: or wss: with a host and without a fragment (RFC 6455, 3)");
  });

  it.each([
    [408, true],
    [429, true],
    [503, true],
    [403, false],
    [500, false],
  ])("of the status %i is worth a second try: %s", (status, retryable) => {
    expect(new HandshakeError("handshake/response-refused", { status })).toMatchObject({ status, retryable });
  });

  it.each(["Connection", "content-length", "Content-Type", "TRANSFER-ENCODING"])(
    "cannot be made with the header %s, which the refusal writes itself",
    (name) => {
      expect(() => new HandshakeError("handshake/forbidden", { headers: { [name]: "a" } })).toThrow(
        expect.objectContaining({ code: "handshake/header", message: expect.stringContaining(`"${name}"`) }),
      );
    },
  );

  it.each([{ Location: "/a\r\nSet-Cookie: b=c" }, { "Bad Name": "a" }, { "WWW-Authenticate": 'Basic realm="\u20ac"' }])(
    "cannot be made with the header %o, which a refusal could not send",
    (headers) => {
      expect(() => new HandshakeError("handshake/forbidden", { headers })).toThrow(
        expect.objectContaining({ code: "handshake/header", status: 500, headers: {} }),
      );
    },
  );

  it.each(Object.keys(handshakeRules) as HandshakeErrorCode[])("%s names a section and an HTTP status", (code) => {
    const error = new HandshakeError(code);
    expect(error.message).toMatch(/ \(RFC \d{4}, [0-9.]+\)$/);
    expect(error.message).toContain(error.section);
    expect(error.status).toBeGreaterThanOrEqual(400);
    expect(error.status).toBeLessThan(600);
  });
});

describe("a header", () => {
  it("can be sent with a token for its name and bytes for its value", () => {
    expect(() => assertHeader("X-Name", "a\tb é")).not.toThrow();
    expect(() => assertHeader("X-Name", "")).not.toThrow();
  });
});
