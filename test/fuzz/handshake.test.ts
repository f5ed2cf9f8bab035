/** Mutated requests and answers: whatever comes, it is taken or refused with an error of the catalogue. */
import { expect, it } from "vitest";
import { checkUpgradeResponse, parseWebSocketUrl } from "../../src/protocol/client-handshake.js";
import { HandshakeError } from "../../src/protocol/errors.js";
import { HttpHeadReader, parseRequestHead, parseResponseHead } from "../../src/protocol/http-head.js";
import { checkUpgradeRequest } from "../../src/protocol/server-handshake.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { mutate } from "./input.js";

const INPUTS = 50_000;
const limits = { headBytesMax: 2048, headersMax: 16 };

const request = [
  "GET /chat?room=1 HTTP/1.1",
  "Host: example.org",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Protocol: busbar.v1, other",
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits="10", x; a=b',
];

const answer = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
  "Sec-WebSocket-Protocol: busbar.v1",
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10",
];

const offer = {
  url: parseWebSocketUrl("ws://example.org/chat"),
  key: "dGhlIHNhbXBsZSBub25jZQ==",
  protocols: ["busbar.v1"],
  deflate: { noContextTakeover: false },
  headers: [],
};

type Read = (reader: HttpHeadReader, chunk: Uint8Array) => unknown;

const readRequest: Read = (reader, chunk) => {
  const head = reader.push(chunk);
  return head && checkUpgradeRequest(parseRequestHead(head));
};

const readAnswer: Read = (reader, chunk) => {
  const head = reader.push(chunk);
  return head && checkUpgradeResponse(parseResponseHead(head), offer);
};

/** What becomes of an input that comes in two pieces: `taken`, `incomplete`, or the code of the error. */
function outcome(kind: "request" | "response", read: Read, input: Buffer, splitAt: number): string {
  const reader = new HttpHeadReader(kind, limits);
  try {
    const taken = read(reader, input.subarray(0, splitAt)) ?? read(reader, input.subarray(splitAt));
    return taken === undefined ? "incomplete" : "taken";
  } catch (error) {
    if (error instanceof HandshakeError && error.by === "remote") return error.code;
    throw new Error(`${kind} cut at ${splitAt}: ${JSON.stringify(input.toString("latin1"))}`, { cause: error });
  }
}

it.each([
  ["request", request, readRequest],
  ["response", answer, readAnswer],
] as const)(`${INPUTS} mutated inputs as a %s are taken or refused, never anything else`, (kind, lines, read) => {
  const random = new SeededRandom(2616);
  const whole = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const outcomes = new Map<string, number>();
  expect(outcome(kind, read, whole, 0)).toBe("taken");
  for (let index = 0; index < INPUTS; index++) {
    let input: Buffer = whole;
    for (let change = random.integer(1, 3); change > 0; change--) input = mutate(input, random);
    const result = outcome(kind, read, input, random.integer(0, input.length));
    outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
  }
  // Each branch is worth little when the inputs never reach it.
  expect(outcomes.get("taken")).toBeGreaterThan(0);
  expect(outcomes.get("incomplete")).toBeGreaterThan(0);
  expect(outcomes.size).toBeGreaterThan(5);
});
