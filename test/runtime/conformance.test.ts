/** Every case of the conformance suite over TCP, against the built package under Node and under Bun. */
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { ConformanceCase } from "../conformance/case.js";
import { cases, expectedFrames, frameDifferences } from "../conformance/expectation.js";
import { encodeFrames, PING, PONG, type SentFrame } from "../conformance/frames.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { describeWith } from "../requirements.js";
import { TcpPeer } from "../support/tcp-peer.js";
import { useEcho } from "./echo-process.js";

/** Longer than most of what the cases send, and shorter than what a socket reads at once. */
const PIECE_BYTES_MAX = 2 ** 16;
const marker = "that was all";

/** Feed a case; everything that came back, to the end of the connection or to the answer of a last ping. */
async function answersTo(peer: TcpPeer, theCase: ConformanceCase, feed: (bytes: Buffer) => Promise<void>) {
  const isClosed = theCase.failure !== undefined || theCase.answers.some(({ type }) => type === "close");
  await feed(encodeFrames(theCase.frames, "client"));
  if (!isClosed) peer.send({ opcode: PING, payload: marker });
  const sent: SentFrame[] = [];
  for (;;) {
    const frame = await peer.frame();
    if (!isClosed && frame.opcode === PONG && frame.payload.toString() === marker) return sent;
    sent.push(frame);
    if (isClosed && sent.length === expectedFrames(theCase).length) break;
  }
  // RFC 6455, 7.1.1: behind its close frame the server ends the transport.
  if (!peer.socket.readableEnded) await once(peer.socket, "end");
  expect(peer.received).toHaveLength(0);
  return sent;
}

async function feedInPieces(peer: TcpPeer, bytes: Buffer): Promise<void> {
  const random = new SeededRandom(6455);
  peer.socket.setNoDelay(true);
  for (let at = 0; at < bytes.length;) {
    const size = random.integer(1, random.integer(1, PIECE_BYTES_MAX));
    await new Promise<void>((resolve) => void peer.socket.write(bytes.subarray(at, at + size), () => resolve()));
    at += size;
  }
}

function describeCases(path: string): void {
  const echo = useEcho(path);

  it.each(cases.map((theCase) => [theCase.id, theCase.title, theCase] as const))("%s, %s", async (_, __, theCase) => {
    const feeds = [async (peer: TcpPeer, bytes: Buffer) => peer.write(bytes), feedInPieces];
    for (const feed of feeds) {
      const peer = await TcpPeer.upgraded({ port: echo().places.port });
      try {
        const sent = await answersTo(peer, theCase, (bytes) => feed(peer, bytes));
        expect(frameDifferences(sent, expectedFrames(theCase))).toEqual([]);
      } finally {
        peer.socket.destroy();
      }
    }
  });
}

describe("under Node, over TCP, the engine passes", () => describeCases(process.execPath));
describeWith("bun", "under Bun, over TCP, the engine passes", (path) => describeCases(path));
