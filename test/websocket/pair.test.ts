/** Two sockets of the engine against each other, in memory: whatever they do, what is promised holds. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeflateParameters } from "../../src/protocol/deflate-negotiation.js";
import { MemoryTransport } from "../../src/testing/memory-transport.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { PreparedMessage } from "../../src/websocket/prepared-message.js";
import { SocketGround } from "../support/socket-ground.js";

const sides = ["server", "client"] as const;
type Side = (typeof sides)[number];

type Step =
  | { readonly do: "send" | "offer"; readonly side: Side; readonly length: number; readonly isText: boolean }
  | { readonly do: "ping" | "turn" | "settle" | "block" | "unblock"; readonly side: Side };

const side = fc.constantFrom(...sides);
// Around the sizes at which a message is compressed, and compressed in another thread.
const length = fc.oneof(fc.nat(20), fc.integer({ min: 15_000, max: 20_000 }), fc.nat(60_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("send" as const), side, length, isText: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("offer" as const), side, length, isText: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("ping", "turn", "settle", "block", "unblock"), side }) },
);

const deflateParameters: fc.Arbitrary<DeflateParameters> = fc.record({
  serverNoContextTakeover: fc.boolean(),
  clientNoContextTakeover: fc.boolean(),
  serverMaxWindowBits: fc.integer({ min: 8, max: 15 }),
  clientMaxWindowBits: fc.integer({ min: 8, max: 15 }),
});

/** Both sockets, what was sent on each with success, and what the other one received. */
class Pair {
  readonly clock = new VirtualClock();
  readonly grounds: Readonly<Record<Side, SocketGround>>;
  readonly sent: Record<Side, string[]> = { server: [], client: [] };
  readonly received: Record<Side, string[]> = { server: [], client: [] };
  readonly sends: Promise<unknown>[] = [];
  #count = 0;

  constructor(deflate: DeflateParameters | undefined) {
    const { clock } = this;
    const [server, client] = MemoryTransport.pair({ turns: clock });
    const setting = { clock, limits: { outboxBytesMax: 40_000 }, ...(deflate && { deflate }) };
    this.grounds = {
      server: new SocketGround({ ...setting, role: "server", transport: server }),
      client: new SocketGround({ ...setting, role: "client", transport: client }),
    };
    for (const name of sides)
      this.grounds[name].socket.on("message", (message) => this.received[name].push(tell(message)));
  }

  run(step: Step): void | Promise<void> {
    const { socket, transport } = this.grounds[step.side];
    switch (step.do) {
      case "send":
      case "offer":
        return this.#send(step);
      case "ping":
        this.sends.push(socket.ping().catch(() => {}));
        return;
      case "turn":
        return void this.clock.runTurn();
      case "settle":
        return this.clock.settle();
      case "block":
        return transport.block();
      case "unblock":
        return transport.unblock();
    }
  }

  /** Wait until nothing is left to do, work in other threads included. */
  async rest(): Promise<void> {
    for (const name of sides) this.grounds[name].transport.unblock();
    while (sides.some((name) => this.#isBusy(this.grounds[name]))) await this.clock.settle();
    await Promise.all(this.sends);
    await this.clock.settle();
  }

  /** Whether something is being compressed, written or, for which the peer is made to wait, inflated. */
  #isBusy({ socket, transport }: SocketGround): boolean {
    return socket.bufferedBytes > 0 || (transport.isPaused && socket.state !== "closed");
  }

  #send({ do: how, side, length, isText }: Extract<Step, { do: "send" | "offer" }>): void {
    const text = `${++this.#count} `.repeat(Math.ceil(length / 2)).slice(0, length);
    const message = isText ? text : new Uint8Array(Buffer.from(text));
    const { socket } = this.grounds[side];
    const sent = this.sent[side];
    if (how === "offer") {
      if (socket.offer(new PreparedMessage(message))) sent.push(tell(message));
      return;
    }
    // Its place is where it was sent; whether it was is known later.
    const index = sent.push(tell(message)) - 1;
    this.sends.push(socket.send(message).catch(() => (sent[index] = "rejected")));
  }
}

/** A message as a line that is short enough for a report. */
function tell(message: string | Uint8Array): string {
  const digest = createHash("sha256").update(message).digest("hex").slice(0, 16);
  return `${typeof message} of ${message.length}, ${digest}`;
}

describe.each([
  ["without compression", fc.constant(undefined)],
  ["with compression", deflateParameters],
])("two sockets %s", (_, parameters) => {
  it("bring over all that was sent, in its order, and close cleanly", async () => {
    await fc.assert(
      fc.asyncProperty(
        parameters,
        fc.array(step, { maxLength: 40, size: "max" }),
        side,
        async (deflate, steps, closer) => {
          const pair = new Pair(deflate);
          for (const each of steps) await pair.run(each);
          await pair.rest();
          expect(pair.received.client).toEqual(pair.sent.server);
          expect(pair.received.server).toEqual(pair.sent.client);
          const closed = sides.map((name) => pair.grounds[name].socket.closed);
          pair.grounds[closer].driver.close(4000, "enough");
          await pair.clock.settle();
          expect((await Promise.all(closed)).every(({ code, wasClean }) => code === 4000 && wasClean)).toBe(true);
          expect(pair.clock.timerCount).toBe(0);
          for (const name of sides) expect(pair.grounds[name].log).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("lose nothing that was handed over when one closes in the middle, and leave nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(
        parameters,
        fc.array(step, { maxLength: 30, size: "max" }),
        side,
        async (deflate, steps, closer) => {
          const pair = new Pair(deflate);
          const other = closer === "server" ? "client" : "server";
          for (const each of steps) await pair.run(each);
          pair.grounds[closer].driver.close(1000, "");
          await pair.rest();
          await pair.clock.pass(5_000);
          // The closer's own sends all leave before its close frame.
          expect(pair.received[other]).toEqual(pair.sent[closer]);
          const heard = pair.received[closer];
          expect(pair.sent[other].slice(0, heard.length)).toEqual(heard);
          for (const name of sides) {
            const { socket, log } = pair.grounds[name];
            expect([socket.state, socket.bufferedBytes, log]).toEqual(["closed", 0, []]);
          }
          expect(pair.clock.timerCount).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("end with every promise settled when the connection breaks at any moment", async () => {
    await fc.assert(
      fc.asyncProperty(
        parameters,
        fc.array(step, { maxLength: 30, size: "max" }),
        side,
        async (deflate, steps, breaker) => {
          const pair = new Pair(deflate);
          for (const each of steps) await pair.run(each);
          pair.grounds[breaker].socket.terminate();
          await pair.rest();
          const closed = await Promise.all(sides.map((name) => pair.grounds[name].socket.closed));
          expect(closed).toEqual(Array.from({ length: 2 }, () => ({ code: 1006, reason: "", wasClean: false })));
          expect([pair.clock.timerCount, pair.clock.runTurn()]).toEqual([0, false]);
          for (const name of sides) {
            const other = name === "server" ? "client" : "server";
            const heard = pair.received[other];
            const sent = pair.sent[name].slice(0, heard.length);
            expect(sent.every((message, index) => message === heard[index] || message === "rejected")).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
