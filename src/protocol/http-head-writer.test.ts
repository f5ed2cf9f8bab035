import { describe, expect, it } from "vitest";
import { addedHeaders, encodeHead } from "./http-head-writer.js";

describe("a head that is written", () => {
  it("has its headers in order, a blank line, and the body in UTF-8", () => {
    const bytes = encodeHead(
      "HTTP/1.1 400 Bad Request",
      [
        ["A", "b"],
        ["C", ""],
      ],
      "é\n",
    );
    expect(Buffer.from(bytes).toString("utf8")).toBe("HTTP/1.1 400 Bad Request\r\nA: b\r\nC: \r\n\r\né\n");
  });

  it("has one byte for each character, as it is read", () => {
    expect(Buffer.from(encodeHead("X", [["A", "é"]])).toString("latin1")).toBe("X\r\nA: é\r\n\r\n");
  });

  it.each([
    ["A", "b\r\nC: d"],
    ["A", "b\rc"],
    ["A", "b\nc"],
    ["A", "\u0000"],
    ["A", "\u20ac"],
    ["A\r\nB", "c"],
    ["A:", "b"],
    ["", "b"],
  ])("has no header %j: %j", (name, value) => {
    expect(() => encodeHead("X", [[name, value]])).toThrow(
      expect.objectContaining({ code: "handshake/header", by: "local" }),
    );
  });
});

describe("headers that a caller adds", () => {
  it("are taken as they are", () => {
    const headers = [
      ["Cookie", "a=b"],
      ["X-Host", "c"],
      ["Sec-WebSocke", "d"],
    ] as const;
    expect(addedHeaders(headers)).toEqual(headers);
    expect(addedHeaders([])).toEqual([]);
  });

  it.each([
    "Host",
    "upgrade",
    "CONNECTION",
    "Sec-WebSocket-Key",
    "sec-websocket-extensions",
    "Content-Length",
    "transfer-encoding",
  ])("are not %s, which is the handshake's", (name) => {
    expect(() =>
      addedHeaders([
        ["A", "b"],
        [name, "c"],
      ]),
    ).toThrow(expect.objectContaining({ code: "handshake/header", message: expect.stringContaining(`"${name}"`) }));
  });
});
