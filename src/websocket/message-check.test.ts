import { expect, it } from "vitest";
import { requireMessage, requireReason } from "./message-check.js";

it("text and bytes are messages, a Buffer too", () => {
  for (const message of ["", "text", new Uint8Array(0), Buffer.from("bytes")]) {
    expect(() => requireMessage(message)).not.toThrow();
  }
});

it.each([
  ["an ArrayBuffer", new ArrayBuffer(8)],
  ["a view of wider elements", new Uint16Array(8)],
  ["a DataView", new DataView(new ArrayBuffer(8))],
  ["a list of numbers", [1, 2, 3]],
  ["a number", 7],
  ["an object", {}],
])("%s is no message", (_, message) => {
  expect(() => requireMessage(message as Uint8Array)).toThrow(
    expect.objectContaining({ code: "websocket/not-a-message" }),
  );
});

it("the reason of a close is text, and nothing that has a length besides", () => {
  expect(() => requireReason("done")).not.toThrow();
  for (const reason of [new Float64Array(4), new Uint8Array(4), { length: 9 }, 99, null]) {
    expect(() => requireReason(reason)).toThrow(expect.objectContaining({ code: "websocket/not-a-message" }));
  }
});
