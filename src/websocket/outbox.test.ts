import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BusbarError } from "../kernel/errors.js";
import { MemoryTransport } from "../testing/memory-transport.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { notSent, Outbox } from "./outbox.js";
import type { WriteListener } from "./ports.js";
import { TurnWriter } from "./turn-writer.js";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

interface Ground {
  readonly clock: VirtualClock;
  readonly transport: MemoryTransport;
  readonly outbox: Outbox;
  /** How many pieces each write had. */
  readonly pieceCounts: number[];
  readonly seen: string[];
  append(...pieces: Uint8Array[]): void;
}

function ground(): Ground {
  const clock = new VirtualClock();
  const transport = new MemoryTransport({ turns: clock });
  const seen: string[] = [];
  const pieceCounts: number[] = [];
  const counting = Object.create(transport, {
    write: {
      value: (pieces: readonly Uint8Array[], listener: WriteListener) => {
        pieceCounts.push(pieces.length);
        return transport.write(pieces, listener);
      },
    },
  }) as MemoryTransport;
  const outbox: Outbox = new Outbox({
    transport: counting,
    turnWriter: new TurnWriter(clock),
    outboxWritten: () => void seen.push("written"),
  });
  const append = (...pieces: Uint8Array[]): void => {
    for (const piece of pieces) outbox.append(piece, 0, piece.length);
    outbox.appended();
  };
  return { clock, transport, outbox, pieceCounts, seen, append };
}

/** Note in `seen` how a promise settles. */
function note(seen: string[], name: string, promise: Promise<void>): void {
  promise.then(
    () => seen.push(`${name} done`),
    (error: unknown) => seen.push(`${name} ${error instanceof BusbarError ? error.code : String(error)}`),
  );
}

describe("an outbox", () => {
  it("writes once what a turn has produced, when the turn ends", () => {
    const { append, clock, transport } = ground();
    append(bytes(1));
    append(bytes(2), bytes(3));
    expect(transport.writes).toEqual([]);
    clock.runTurn();
    expect(transport.writes).toEqual([bytes(1, 2, 3)]);
    while (clock.runTurn());
    expect(transport.writes).toHaveLength(1);
  });

  it("has one write under way; what comes meanwhile leaves together when it is done", () => {
    const { append, clock, transport, seen } = ground();
    transport.block();
    append(bytes(1));
    clock.runTurn();
    append(bytes(2));
    clock.runTurn();
    append(bytes(3));
    while (clock.runTurn());
    expect([transport.writes, seen]).toEqual([[bytes(1)], []]);
    transport.unblock();
    while (clock.runTurn());
    expect([transport.writes, seen]).toEqual([
      [bytes(1), bytes(2, 3)],
      ["written", "written"],
    ]);
  });

  it("knows how many bytes wait at every moment, and whether the kernel takes them", () => {
    const { append, clock, outbox, transport } = ground();
    transport.block();
    expect([outbox.bufferedBytes, outbox.isBlocked]).toEqual([0, false]);
    append(bytes(1, 2, 3), bytes());
    expect([outbox.bufferedBytes, outbox.isBlocked]).toEqual([3, false]);
    clock.runTurn();
    expect([outbox.bufferedBytes, outbox.isBlocked]).toEqual([3, true]);
    append(bytes(4, 5));
    expect([outbox.bufferedBytes, outbox.isBlocked]).toEqual([5, true]);
    transport.unblock();
    clock.runTurn();
    expect([outbox.bufferedBytes, outbox.isBlocked]).toEqual([2, false]);
    while (clock.runTurn());
    expect([outbox.bufferedBytes, outbox.isBlocked]).toEqual([0, false]);
  });

  it("copies what waits for a peer that does not read out of the memory that others' frames lie in", () => {
    const { clock, outbox, transport } = ground();
    transport.block();
    const memory = new Uint8Array(64 * 1024);
    const append = (): void => {
      outbox.append(memory, 0, 10);
      outbox.appended();
    };
    append();
    clock.runTurn();
    expect(outbox.isBlocked).toBe(true);
    for (let count = 0; count < 1_000; count++) append();
    const runs = outbox.take();
    expect(runs.filter((run) => run.memory === memory).length).toBeLessThan(17);
    expect(runs.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(10_000);
  });

  it("says when what waits now has been handed over: at once, with its write, or with the next one", async () => {
    const { append, clock, outbox, seen, transport } = ground();
    await outbox.handedOver();
    transport.block();
    append(bytes(1));
    note(seen, "first", outbox.handedOver());
    expect(outbox.handedOver()).toBe(outbox.handedOver());
    clock.runTurn();
    note(seen, "first, asked late", outbox.handedOver());
    append(bytes(2));
    note(seen, "second", outbox.handedOver());
    await clock.settle();
    expect(seen).toEqual([]);
    transport.unblock();
    await clock.settle();
    expect(seen).toEqual(["written", "first done", "first, asked late done", "written", "second done"]);
  });

  it("holds what belongs to a turn back until it is released, and writes it then at once", () => {
    const { append, clock, outbox, transport } = ground();
    append(bytes(1));
    outbox.hold();
    while (clock.runTurn());
    append(bytes(2));
    while (clock.runTurn());
    expect(transport.writes).toEqual([]);
    outbox.release();
    expect(transport.writes).toEqual([bytes(1, 2)]);
    outbox.hold();
    append(bytes(3));
    outbox.release();
    expect(transport.writes).toHaveLength(1);
    while (clock.runTurn());
    expect(transport.writes).toEqual([bytes(1, 2), bytes(3)]);
  });

  it("drops all when the transport is gone, and what comes later, too", async () => {
    const { append, clock, outbox, seen, transport } = ground();
    transport.block();
    append(bytes(1));
    note(seen, "writing", outbox.handedOver());
    clock.runTurn();
    append(bytes(2));
    note(seen, "waiting", outbox.handedOver());
    outbox.fail(notSent(new Error("a cable")));
    outbox.fail(notSent());
    append(bytes(3));
    note(seen, "late", outbox.handedOver());
    expect([outbox.bufferedBytes, outbox.isBlocked]).toEqual([0, false]);
    transport.unblock();
    await clock.settle();
    const code = "websocket/not-sent";
    expect(seen).toEqual([`writing ${code}`, `waiting ${code}`, `late ${code}`]);
    expect(transport.writes).toEqual([bytes(1)]);
    await expect(outbox.handedOver()).rejects.toMatchObject({ retryable: true, cause: { message: "a cable" } });
  });

  it("counts what somebody else writes for it until that is written, and nothing once the transport is gone", () => {
    const { outbox, seen } = ground();
    outbox.began(5);
    expect([outbox.bufferedBytes, outbox.isBlocked, outbox.isClear]).toEqual([5, true, false]);
    outbox.written();
    expect([outbox.bufferedBytes, outbox.isClear, seen]).toEqual([0, true, ["written"]]);
    outbox.fail(notSent());
    outbox.began(5);
    expect([outbox.bufferedBytes, outbox.isClear]).toEqual([0, false]);
  });

  it("drops what a turn collected when the transport goes before the turn ends", () => {
    const { append, clock, outbox, transport } = ground();
    append(bytes(1));
    outbox.fail(notSent());
    while (clock.runTurn());
    expect(transport.writes).toEqual([]);
  });

  it("takes a failed write for the end", async () => {
    const { append, clock, outbox, seen, transport } = ground();
    transport.block();
    append(bytes(1));
    clock.runTurn();
    append(bytes(2));
    note(seen, "both", outbox.handedOver());
    transport.fail();
    await clock.settle();
    expect([seen, outbox.bufferedBytes]).toEqual([["both websocket/not-sent"], 0]);
  });

  it("leaves no unhandled rejection when nobody looks at its promises", async () => {
    const { append, clock, outbox } = ground();
    append(bytes(1));
    const ignored = [outbox.handedOver()];
    outbox.fail(notSent());
    ignored.push(outbox.handedOver());
    await clock.settle();
    expect(ignored).toHaveLength(2);
  });
});

describe("the pieces of a write", () => {
  it("are one where they lie in a row, however many, without being copied", () => {
    const { clock, outbox, pieceCounts, transport } = ground();
    const slab = new Uint8Array(60_000).map((_, index) => index % 251);
    for (let at = 0; at < slab.length; at += 6) outbox.append(slab, at, at + 6);
    outbox.appended();
    clock.runTurn();
    expect([pieceCounts, transport.writes]).toEqual([[1], [slab]]);
  });

  it("are few where they are small, and large ones stay as they are", () => {
    const { append, clock, pieceCounts, transport } = ground();
    const small = Array.from({ length: 1000 }, (_, index) => new Uint8Array(100).fill(index));
    const large = new Uint8Array(100_000).fill(7);
    append(...small.slice(0, 10), large, ...small.slice(10));
    clock.runTurn();
    // 10 small ones, the large one, and 99,000 bytes in runs of 163 pieces of 100 bytes, which 16 KiB have room for.
    expect(pieceCounts).toEqual([2 + Math.ceil(990 / 163)]);
    expect(
      Buffer.compare(transport.writes[0] ?? bytes(), Buffer.concat([...small.slice(0, 10), large, ...small.slice(10)])),
    ).toBe(0);
  });

  it("are the same bytes in the same order, wherever they lie", () => {
    const memory = new Uint8Array(70_000).map((_, index) => (index * 31) & 0xff);
    const views = fc.array(
      fc
        .tuple(fc.nat(memory.length), fc.oneof(fc.nat(20), fc.nat(20_000)))
        .map(([at, size]) => memory.subarray(at, at + size)),
    );
    fc.assert(
      fc.property(views, (pieces) => {
        const { append, clock, outbox, transport } = ground();
        append(...pieces);
        const whole = Buffer.concat(pieces);
        expect(outbox.bufferedBytes).toBe(whole.length);
        while (clock.runTurn());
        expect(Buffer.compare(Buffer.concat(transport.writes), whole)).toBe(0);
        expect(outbox.bufferedBytes).toBe(0);
      }),
    );
  });
});
