/** The engine and npm's `ws`, side by side on the same inputs. */
import type { Role } from "../../src/protocol/connection.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { nextInput } from "./input.js";
import { engineVerdict, wsVerdict, type Verdict } from "./verdict.js";

/** A way in which the two may differ, and why the engine is right. */
interface Reason {
  readonly why: string;
  applies(engine: Verdict, ws: Verdict): boolean;
}

/** Rules whose breach shows before the frame is whole: the engine tells at once, `ws` when the frame has come. */
const toldEarly = [
  "frame/reserved-bits",
  "frame/reserved-opcode",
  "frame/control-fragmented",
  "message/nothing-to-continue",
  "message/not-finished",
  "message/not-utf8",
  "close/one-byte",
  "close/invalid-code",
  "close/reason-not-utf8",
];

const reasons: readonly Reason[] = [
  {
    why: "ws does not check that a length is in its shortest form (RFC 6455, 5.2)",
    applies: (engine) => engine.refusal === "frame/length-not-minimal",
  },
  {
    why: "the engine tells with the first bad byte, ws when the frame or the message is whole",
    applies: (engine, ws) => toldEarly.includes(engine.refusal ?? "") && ws.events.startsWith(engine.events),
  },
  {
    why: "ws tells a length above the limit before the masking key has come, the engine behind it",
    applies: (engine, ws) =>
      engine.refusal === undefined &&
      engine.events === ws.events &&
      /Max payload|Unsupported WebSocket frame/.test(ws.refusal ?? ""),
  },
];

export interface FuzzSummary {
  readonly inputs: number;
  /** Inputs that both took to their end. */
  readonly accepted: number;
  /** Inputs that both refused, after the same events. */
  readonly refused: number;
  /** How often each reason explained a difference. */
  readonly explained: ReadonlyMap<string, number>;
}

/**
 * Feed `inputs` inputs of a seed to both, half of them as a server, half as a client.
 *
 * @throws Error with seed and bytes, at the first difference that no reason explains.
 */
export function fuzz(inputs: number, seed: number, onProgress?: (done: number) => void): FuzzSummary {
  const random = new SeededRandom(seed);
  const explained = new Map<string, number>();
  let accepted = 0;
  let refused = 0;
  for (let index = 0; index < inputs; index++) {
    const role: Role = index % 2 === 0 ? "server" : "client";
    const input = nextInput(random, role === "server");
    const splitAt = random.integer(0, input.length);
    const { engine, ws } = verdicts(input, role, splitAt, seed);
    if (engine.events === ws.events && (engine.refusal === undefined) === (ws.refusal === undefined)) {
      if (engine.refusal === undefined) accepted++;
      else refused++;
    } else {
      const reason = reasons.find(({ applies }) => applies(engine, ws));
      if (reason === undefined) throw difference({ input, role, splitAt, seed }, JSON.stringify({ engine, ws }));
      explained.set(reason.why, (explained.get(reason.why) ?? 0) + 1);
    }
    if (index % 100_000 === 99_999) onProgress?.(index + 1);
  }
  return { inputs, accepted, refused, explained };
}

interface FuzzCase {
  readonly input: Buffer;
  readonly role: Role;
  readonly splitAt: number;
  readonly seed: number;
}

function verdicts(input: Buffer, role: Role, splitAt: number, seed: number): { engine: Verdict; ws: Verdict } {
  try {
    return { engine: engineVerdict(input, role, splitAt), ws: wsVerdict(input, role) };
  } catch (error) {
    throw difference({ input, role, splitAt, seed }, String(error));
  }
}

function difference({ input, role, seed, splitAt }: FuzzCase, what: string): Error {
  return new Error(`seed ${seed}, as a ${role}, cut at ${splitAt}: ${input.toString("hex")}\n${what}`);
}
