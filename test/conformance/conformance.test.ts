/**
 * The cases of the Autobahn test suite, in its numbering, strictly: no case passes with a lesser behaviour. Each is fed
 * to both roles whole, byte by byte (to 64 KiB) and in random pieces.
 */
import { describe, expect, it } from "vitest";
import type { Role } from "../../src/protocol/connection.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import type { ConformanceCase } from "./case.js";
import { EchoEndpoint } from "./endpoint.js";
import { cases, expectedFrames, frameDifferences } from "./expectation.js";
import { encodeFrame, encodeFrames } from "./frames.js";

const BYTE_BY_BYTE_MAX = 65_600;
const RANDOM_SPLITS = 3;

const roles: readonly Role[] = ["server", "client"];

const peerOf = (role: Role): Role => (role === "server" ? "client" : "server");

/** Where the engine did otherwise than the case demands; payloads are shown in part, some have 16 MiB. */
async function differences(endpoint: EchoEndpoint, theCase: ConformanceCase, role: Role): Promise<string[]> {
  await endpoint.settle();
  const { failure, answers } = theCase;
  const isClosed = failure !== undefined || answers.some(({ type }) => type === "close");
  // RFC 6455, 7.1.1: after a close handshake the server ends the transport, after a failure each does.
  const outcome = isClosed && (role === "server" || failure !== undefined) ? "ended" : "open";
  return [
    ...frameDifferences(endpoint.sent, expectedFrames(theCase)),
    ...(endpoint.errorCode === failure?.code ? [] : [`told ${endpoint.errorCode}, not ${failure?.code}`]),
    ...(endpoint.outcome === outcome ? [] : [`the transport is ${endpoint.outcome}, not ${outcome}`]),
  ];
}

/** How many bytes show the failure, counted from the beginning. */
function bytesUntilFailure({ failure, frames }: ConformanceCase, role: Role): number | undefined {
  if (failure === undefined) return undefined;
  const { frame, header, payload = 0 } = failure.at;
  const before = encodeFrames(frames.slice(0, frame), peerOf(role)).length;
  if (header !== undefined) return before + header + 1;
  const failing = frames[frame];
  if (failing === undefined) throw new Error("the failing frame is one of the case's");
  const headerBytes = encodeFrame(failing, peerOf(role)).length - Buffer.from(failing.payload ?? "").length;
  return before + headerBytes + payload + 1;
}

function feedBytes(endpoint: EchoEndpoint, bytes: Buffer): number | undefined {
  let failedAfter: number | undefined;
  for (let index = 0; index < bytes.length; index++) {
    endpoint.feed(bytes.subarray(index, index + 1));
    if (failedAfter === undefined && endpoint.errorCode !== undefined) failedAfter = index + 1;
  }
  return failedAfter;
}

function feedInPieces(endpoint: EchoEndpoint, bytes: Buffer, random: SeededRandom): void {
  for (let at = 0; at < bytes.length;) {
    // Pieces of all magnitudes: most breaks are within a header or a character, some far apart.
    const size = random.integer(1, 2 ** random.integer(0, 16));
    endpoint.feed(bytes.subarray(at, at + size));
    at += size;
  }
}

for (const role of roles) {
  for (const theCase of cases) {
    const bytes = encodeFrames(theCase.frames, peerOf(role));

    describe(`as a ${role}, the engine passes ${theCase.id}, ${theCase.title}`, () => {
      it("whole", async () => {
        const endpoint = new EchoEndpoint(role).echo();
        endpoint.feed(bytes);
        expect(await differences(endpoint, theCase, role)).toEqual([]);
      });

      if (bytes.length <= BYTE_BY_BYTE_MAX) {
        it("byte by byte, failing with the byte that shows it", async () => {
          const endpoint = new EchoEndpoint(role).echo();
          expect(feedBytes(endpoint, bytes)).toBe(bytesUntilFailure(theCase, role));
          expect(await differences(endpoint, theCase, role)).toEqual([]);
        });
      }

      it("in random pieces", async () => {
        for (let seed = 1; seed <= RANDOM_SPLITS; seed++) {
          const endpoint = new EchoEndpoint(role).echo();
          feedInPieces(endpoint, bytes, new SeededRandom(seed));
          expect(await differences(endpoint, theCase, role)).toEqual([]);
        }
      });
    });
  }
}

describe("a listener that comes in the turn of the first bytes, as behind `await connect()`", () => {
  it.each(roles)("gets them as a %s, and answers before the close that came with them (3.2)", async (role) => {
    const theCase = cases.find(({ id }) => id === "3.2");
    if (theCase === undefined) throw new Error("the case is in the table");
    const endpoint = new EchoEndpoint(role);
    endpoint.receive(encodeFrames(theCase.frames, peerOf(role)));
    endpoint.echo();
    expect(await differences(endpoint, theCase, role)).toEqual([]);
  });
});

describe("the table of cases", () => {
  it("names each case once", () => {
    const ids = cases.map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});
