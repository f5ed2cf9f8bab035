/** What an implementation makes of an input, in a form that can be compared. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { nodeTextCodec } from "../../src/adapters/node/text-codec.js";
import { Connection, type ConnectionEvent, type Role } from "../../src/protocol/connection.js";
import { frameRules, type FrameErrorCode, type ProtocolError } from "../../src/protocol/errors.js";
import { FrameWriter } from "../../src/protocol/frame-writer.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";

/** The same limits for both. */
const MESSAGE_BYTES_MAX = 4096;
const FRAGMENTS_MAX = 4;

export interface Verdict {
  /** Messages, pings, pongs and the close, in order. */
  readonly events: string;
  /** Why the rest was refused; undefined where it was not. */
  readonly refusal: string | undefined;
}

const writer = new FrameWriter({ isMasked: false, text: nodeTextCodec, random: new SeededRandom(1) });

/**
 * What the engine makes of it. Whatever it throws, and any error that is not in the catalogue, is a defect.
 *
 * @param splitAt where the input is cut in two.
 */
export function engineVerdict(input: Buffer, role: Role, splitAt: number): Verdict {
  const connection = new Connection({
    role,
    isDeflateNegotiated: false,
    messageBytesMax: MESSAGE_BYTES_MAX,
    fragmentsMax: FRAGMENTS_MAX,
    text: nodeTextCodec,
    writer,
  });
  const events: ConnectionEvent[] = [];
  connection.receive(Buffer.from(input.subarray(0, splitAt)), events);
  connection.receive(Buffer.from(input.subarray(splitAt)), events);
  let shown = "";
  let refusal: FrameErrorCode | undefined;
  for (const event of events) {
    switch (event.type) {
      case "message":
        shown += typeof event.data === "string" ? `text ${hex(event.data)}\n` : `binary ${hex(event.data)}\n`;
        break;
      case "ping":
      case "pong":
        shown += `${event.type} ${hex(event.payload)}\n`;
        break;
      case "close":
        shown += `close ${event.code} ${hex(event.reason)}\n`;
        break;
      case "failed":
        refusal = documented(event.error);
        break;
      case "compressed":
        throw new Error("nothing can be compressed that was not negotiated");
    }
  }
  return { events: shown, refusal };
}

function documented(error: ProtocolError): FrameErrorCode {
  const code = Object.keys(frameRules).find((known): known is FrameErrorCode => known === error.code);
  if (code === undefined || frameRules[code].by !== "remote") throw new Error(`not in the catalogue: ${error.code}`);
  return code;
}

/** The part of the receiver of npm's `ws` that is used here; it is not exported, and has no types. */
interface WsReceiver {
  on(event: string, listener: (...values: never[]) => void): void;
  _write(chunk: Buffer, encoding: string, done: (error?: Error) => void): void;
}

const require = createRequire(import.meta.url);
const Receiver: new (options: object) => WsReceiver = require(join(dirname(require.resolve("ws")), "lib/receiver.js"));

/** What `ws` makes of it. */
export function wsVerdict(input: Buffer, role: Role): Verdict {
  const receiver = new Receiver({
    isServer: role === "server",
    maxPayload: MESSAGE_BYTES_MAX,
    maxFragments: FRAGMENTS_MAX,
  });
  let shown = "";
  let refusal: string | undefined;
  receiver.on(
    "message",
    (data: Buffer, isBinary: boolean) => (shown += `${isBinary ? "binary" : "text"} ${hex(data)}\n`),
  );
  receiver.on("ping", (data: Buffer) => (shown += `ping ${hex(data)}\n`));
  receiver.on("pong", (data: Buffer) => (shown += `pong ${hex(data)}\n`));
  receiver.on("conclude", (code: number, reason: Buffer) => (shown += `close ${code} ${hex(reason)}\n`));
  // oxlint-disable-next-line eslint/no-underscore-dangle -- a stream tells errors in a later turn, this in the call
  receiver._write(Buffer.from(input), "buffer", (error) => (refusal = error?.message));
  return { events: shown, refusal };
}

function hex(data: string | Uint8Array): string {
  return Buffer.from(data as Uint8Array).toString("hex");
}
