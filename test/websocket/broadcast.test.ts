/**
 * A broadcast is gathered with others and written at the end of the turn: whatever is done meanwhile, nobody sees a
 * difference to offering the message to each socket. Two worlds go through the same steps; one broadcasts, the other offers.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { BusbarError } from "../../src/kernel/errors.js";
import { MemoryTransport } from "../../src/testing/memory-transport.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { PreparedMessage } from "../../src/websocket/prepared-message.js";
import type { SocketKind } from "../../src/websocket/socket-kind.js";
import { broadcast } from "../../src/websocket/web-socket.js";
import { CLOSE, PING, TEXT } from "../conformance/frames.js";
import { closePayload, plainDeflate, SocketGround } from "../support/socket-ground.js";

const SOCKETS = 4;
const OUTBOX_BYTES_MAX = 200;
/** The last socket is of another kind. */
const everybody = Array.from({ length: SOCKETS }, (_, index) => index);

type Step =
  | { readonly do: "broadcast"; readonly to: readonly number[]; readonly length: number; readonly isText: boolean }
  | { readonly do: "send" | "offer"; readonly at: number; readonly length: number }
  | {
      readonly do: "close" | "terminate" | "ping" | "hear drain" | "block" | "unblock" | "fail" | "look";
      readonly at: number;
    }
  | {
      readonly do: "peer sends" | "peer pings" | "peer closes" | "peer ends" | "peer breaks a rule";
      readonly at: number;
    }
  | { readonly do: "turn" };

const at = fc.nat(SOCKETS - 1);
const length = fc.oneof({ weight: 6, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(2 * OUTBOX_BYTES_MAX) });
const to = fc.oneof(
  { weight: 3, arbitrary: fc.constant(everybody.slice(0, -1)) },
  { weight: 1, arbitrary: fc.subarray(everybody) },
  { weight: 1, arbitrary: fc.array(at, { maxLength: SOCKETS }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant("broadcast" as const), to, length, isText: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("send" as const, "offer" as const), at, length }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("ping", "hear drain", "block", "unblock", "look", "peer sends", "peer pings"),
      at,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("close", "terminate", "fail", "peer closes", "peer ends", "peer breaks a rule"),
      at,
    }),
  },
);

class World {
  readonly clock = new VirtualClock();
  readonly grounds: readonly SocketGround[];
  /** What was told of sockets: answers to calls, events, messages that arrived. */
  readonly told: string[] = [];
  readonly #broadcasts: boolean;

  constructor(broadcasts: boolean, deflatingAt: number | undefined) {
    this.#broadcasts = broadcasts;
    let kind: SocketKind | undefined;
    this.grounds = everybody.map((index) => {
      const ground = new SocketGround({
        clock: this.clock,
        limits: { outboxBytesMax: OUTBOX_BYTES_MAX },
        transport: new MemoryTransport({ turns: this.clock, isPrompt: true }),
        ...(index === deflatingAt && { deflate: plainDeflate }),
        ...(kind && index < SOCKETS - 1 && { kind }),
      });
      kind ??= ground.kind;
      ground.socket.on("message", (message) => this.#tell(index, `message ${String(message)}`));
      ground.socket.on("close", ({ code }) => this.#tell(index, `close ${code}`));
      return ground;
    });
  }

  #tell(index: number, what: string): void {
    this.told.push(`${index}: ${what}`);
  }

  run(todo: Step): void {
    if (todo.do === "turn") return void this.clock.runTurn();
    if (todo.do === "broadcast") return this.#broadcast(todo);
    const ground = this.grounds[todo.at];
    if (ground === undefined) throw new Error(`there is no socket ${todo.at}`);
    this.#runOn(ground, todo);
  }

  #broadcast({ isText, length: bytes, to: whom }: Step & { readonly do: "broadcast" }): void {
    const message = isText ? "ä".repeat(bytes / 2) : new Uint8Array(bytes);
    const prepared = new PreparedMessage(message);
    const sockets = whom.flatMap((index) => this.grounds[index]?.socket ?? []);
    const leftOut = this.#broadcasts
      ? broadcast(sockets, prepared)
      : sockets.filter((socket) => !socket.offer(prepared));
    this.told.push(`left out ${leftOut.map((socket) => sockets.indexOf(socket)).join()}`);
  }

  #runOn(ground: SocketGround, todo: Exclude<Step, { readonly do: "broadcast" | "turn" }>): void {
    const { socket, transport } = ground;
    const tell = (what: string): void => this.#tell(todo.at, what);
    switch (todo.do) {
      case "send":
        return void socket.send("s".repeat(todo.length)).then(
          () => tell("sent"),
          (error: unknown) => tell(error instanceof BusbarError ? error.code : String(error)),
        );
      case "offer":
        return tell(`offered ${socket.offer(new PreparedMessage("o".repeat(todo.length)))}`);
      case "close":
        return void socket.close(4000, "done");
      case "terminate":
        return socket.terminate();
      case "ping":
        return void socket.ping(new Uint8Array([1])).then(
          () => tell("pong"),
          (error: unknown) => tell(error instanceof BusbarError ? error.code : String(error)),
        );
      case "hear drain":
        return void socket.on("drain", () => tell(`drain at ${socket.bufferedBytes}`));
      case "look":
        return tell(`${socket.state}, ${socket.bufferedBytes} bytes`);
      case "block":
        return transport.block();
      case "unblock":
        return transport.unblock();
      case "fail":
        return transport.fail();
      case "peer sends":
        return ground.receive({ opcode: TEXT, payload: "hello" });
      case "peer pings":
        return ground.receive({ opcode: PING, payload: "p" });
      case "peer closes":
        return ground.receive({ opcode: CLOSE, payload: closePayload(1000) });
      case "peer ends":
        return transport.endByPeer();
      case "peer breaks a rule":
        return ground.receive({ opcode: 3, payload: "" });
    }
  }

  get writes(): string[][] {
    return this.grounds.map(({ transport }) => transport.writes.map((bytes) => Buffer.from(bytes).toString("latin1")));
  }
}

const toAll: Step = { do: "broadcast", to: [0, 1, 2], length: 0, isText: false };

/** What made a difference once. */
const differences: [Step[], undefined][] = [
  // A listener looks at what waits when the turn ends, before the broadcast is written.
  [
    [{ do: "send", at: 0, length: 0 }, { do: "hear drain", at: 0 }, { ...toAll, to: [1] }, { do: "turn" }, toAll],
    undefined,
  ],
  // What still comes to a socket whose close frame is held belongs into one write with it.
  [
    [{ ...toAll, to: [0] }, { do: "peer breaks a rule", at: 1 }, { ...toAll, to: [1] }, { do: "turn" }, toAll],
    undefined,
  ],
  // One socket stands there twice.
  [
    [
      { ...toAll, to: [0, 0], length: 1 },
      { ...toAll, to: [0, 0], length: 2 },
    ],
    undefined,
  ],
];

it("is for everybody as if the message had been offered to each socket", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.option(at, { nil: undefined, freq: 6 }),
      async (steps, deflatingAt) => {
        const worlds = [new World(true, deflatingAt), new World(false, deflatingAt)] as const;
        for (const todo of steps) {
          for (const world of worlds) world.run(todo);
          await Promise.resolve();
        }
        for (const { clock, grounds } of worlds) {
          for (const { transport } of grounds) transport.unblock();
          await clock.settle();
        }
        expect(worlds[0].told).toEqual(worlds[1].told);
        expect(worlds[0].writes).toEqual(worlds[1].writes);
      },
    ),
    { numRuns: 3000, examples: differences },
  );
});
