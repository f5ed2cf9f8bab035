import { describe, expect, it } from "vitest";
import type { TransportListener } from "../websocket/ports.js";
import { MemoryTransport } from "./memory-transport.js";
import { VirtualClock } from "./virtual-clock.js";

/** A listener that notes what it is told, as text. */
function listenerTo(seen: string[], name = ""): TransportListener {
  return {
    bytesReceived: (chunk) => void seen.push(`${name}bytes ${[...chunk].join(" ")}`),
    peerEnded: () => void seen.push(`${name}peer ended`),
    transportClosed: (error) => void seen.push(`${name}closed ${error?.code ?? "well"}`),
  };
}

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

function single(): {
  clock: VirtualClock;
  transport: MemoryTransport;
  seen: string[];
  note: (name: string) => () => void;
} {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const transport = new MemoryTransport({ turns: clock });
  transport.listen(listenerTo(seen));
  return { clock, transport, seen, note: (name) => () => void seen.push(name) };
}

describe("a transport in memory", () => {
  it("records each write as one entry and is done with it when the turn has ended", () => {
    const { clock, transport, seen, note } = single();
    transport.write([bytes(1, 2), bytes(3)], { written: note("done") });
    expect([transport.writes, seen]).toEqual([[bytes(1, 2, 3)], []]);
    clock.runTurn();
    expect(seen).toEqual(["done"]);
    expect(transport.remoteAddress).toBe("memory");
    expect(new MemoryTransport({ turns: clock, remoteAddress: "::1" }).remoteAddress).toBe("::1");
  });

  it("is not done with a write while its peer does not read", () => {
    const { clock, transport, seen, note } = single();
    transport.block();
    transport.write([bytes(1)], { written: note("done") });
    clock.runTurn();
    expect(seen).toEqual([]);
    transport.unblock();
    clock.runTurn();
    expect(seen).toEqual(["done"]);
  });

  it("refuses a write before the last one is done, and behind the end", () => {
    const { clock, transport } = single();
    transport.write([bytes(1)], { written: () => {} });
    expect(() => transport.write([bytes(2)], { written: () => {} })).toThrow("before the last write");
    clock.runTurn();
    transport.end();
    expect(() => transport.write([bytes(2)], { written: () => {} })).toThrow("behind the end");
    expect(transport.writes).toEqual([bytes(1)]);
  });

  it("gives the listener bytes of its own, those first that came before it", () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const transport = new MemoryTransport({ turns: clock });
    const chunk = bytes(1, 2);
    transport.receive(chunk);
    chunk.fill(0);
    transport.listen(listenerTo(seen));
    clock.runTurn();
    expect(seen).toEqual(["bytes 1 2"]);
  });

  it("holds bytes back while it is paused, and an end behind them", () => {
    const { clock, transport, seen } = single();
    transport.pause();
    transport.receive(bytes(1));
    transport.receive(bytes(2));
    transport.endByPeer();
    clock.runTurn();
    expect([transport.isPaused, seen]).toEqual([true, []]);
    transport.resume();
    clock.runTurn();
    expect(seen).toEqual(["bytes 1", "bytes 2", "peer ended"]);
    transport.receive(bytes(3));
    expect(seen).toHaveLength(3);
  });

  it("tells the peer's end even while it is paused, when nothing is left in front of it", () => {
    const { transport, seen } = single();
    transport.pause();
    transport.endByPeer();
    expect(seen).toEqual(["peer ended"]);
  });

  it("closes when both directions have ended, in either order, after what was written", () => {
    for (const first of ["peer", "user"] as const) {
      const { clock, transport, seen, note } = single();
      transport.block();
      transport.write([bytes(1)], { written: note("done") });
      if (first === "peer") transport.endByPeer();
      transport.end();
      if (first === "user") transport.endByPeer();
      clock.runTurn();
      expect([transport.isEnded, transport.isClosed, seen]).toEqual([true, false, ["peer ended"]]);
      transport.unblock();
      clock.runTurn();
      clock.runTurn();
      expect([transport.isClosed, seen]).toEqual([true, ["peer ended", "done", "closed well"]]);
    }
  });

  it("is gone at once when it is destroyed, with what was being written", () => {
    const { clock, transport, seen } = single();
    transport.block();
    transport.write([bytes(1)], { written: (error) => void seen.push(`done ${error?.code}`) });
    transport.destroy();
    transport.destroy();
    expect([transport.isDestroyed, transport.isClosed, seen]).toEqual([true, true, []]);
    clock.runTurn();
    expect(seen).toEqual(["done transport/failed", "closed well"]);
    transport.receive(bytes(1));
    transport.endByPeer();
    transport.write([bytes(1)], { written: (error) => void seen.push(`late ${error?.code}`) });
    while (clock.runTurn());
    expect(seen.slice(2)).toEqual(["late transport/failed"]);
  });

  it("tells why it broke", () => {
    const { clock, transport, seen } = single();
    transport.fail(new Error("a cable"));
    transport.fail();
    clock.runTurn();
    expect([transport.isDestroyed, seen]).toEqual([false, ["closed transport/failed"]]);
  });
});

describe("a pair of transports", () => {
  function pair(): { clock: VirtualClock; one: MemoryTransport; other: MemoryTransport; seen: string[] } {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const [one, other] = MemoryTransport.pair({ turns: clock });
    one.listen(listenerTo(seen, "one: "));
    other.listen(listenerTo(seen, "other: "));
    return { clock, one, other, seen };
  }

  it("carries what one writes to the other at the end of the turn", () => {
    const { clock, one, other, seen } = pair();
    one.write([bytes(1, 2)], { written: () => void seen.push("done") });
    other.write([bytes(3)], { written: () => {} });
    clock.runTurn();
    expect(seen.toSorted()).toEqual(["done", "one: bytes 3", "other: bytes 1 2"]);
  });

  it("takes a write at once where it is prompt, unless something blocks it, and keeps what was written as it was", () => {
    const clock = new VirtualClock();
    const [one, other] = MemoryTransport.pair({ turns: clock, isPrompt: true });
    const seen: string[] = [];
    other.listen({
      ...listenerTo(seen, "other: "),
      bytesReceived: (chunk) => {
        seen.push(`bytes ${chunk.join(" ")}`);
        chunk.fill(0);
      },
    });
    const listener = { written: () => void seen.push("done") };
    expect(one.write([bytes(1)], listener)).toBe(true);
    expect(one.write([bytes(2)], listener)).toBe(true);
    other.pause();
    expect(one.write([bytes(3)], listener)).toBe(false);
    while (clock.runTurn());
    expect(seen).toEqual([]);
    other.resume();
    while (clock.runTurn());
    expect(seen).toEqual(["bytes 1", "bytes 2", "bytes 3", "done"]);
    expect(one.writes).toEqual([bytes(1), bytes(2), bytes(3)]);
    other.destroy();
    expect(other.write([bytes(4)], listener)).toBe(false);
  });

  it("has the writer wait while the reader is paused", () => {
    const { clock, one, other, seen } = pair();
    other.pause();
    one.write([bytes(1)], { written: () => void seen.push("done") });
    clock.runTurn();
    expect(seen).toEqual([]);
    other.resume();
    while (clock.runTurn());
    expect(seen).toEqual(["other: bytes 1", "done"]);
  });

  it("ends one direction after the other", () => {
    const { clock, one, other, seen } = pair();
    one.end();
    while (clock.runTurn());
    expect(seen).toEqual(["other: peer ended"]);
    other.end();
    while (clock.runTurn());
    expect(seen.slice(1).toSorted()).toEqual(["one: closed well", "one: peer ended", "other: closed well"]);
  });

  it("breaks for the other when one is destroyed", () => {
    const { clock, one, seen } = pair();
    one.destroy();
    clock.runTurn();
    expect(seen.toSorted()).toEqual(["one: closed well", "other: closed transport/failed"]);
  });
});
