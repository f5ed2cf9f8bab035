import { describe, expect, it } from "vitest";
import { LogBook } from "../../test/support/engine-ground.js";
import { upgradeRequest } from "../../test/support/tcp-peer.js";
import { HandshakeError } from "../protocol/errors.js";
import type { Head } from "../protocol/http-head.js";
import { MemoryTransport } from "../testing/memory-transport.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { limitDefaults, type HandshakeRefusal } from "./options.js";
import { PendingHandshake, type HandshakeOwner } from "./pending-handshake.js";

/** A handshake, its peer, and whoever decides about it. */
class Ground implements HandshakeOwner {
  readonly clock = new VirtualClock();
  readonly logger = new LogBook();
  readonly limits = limitDefaults;
  readonly refusals: HandshakeRefusal[] = [];
  readonly heads: Head[] = [];
  readonly transport = new MemoryTransport({ turns: this.clock });
  readonly handshake = new PendingHandshake(this.transport, this);
  endedCount = 0;
  onRequest = (): void => {};

  constructor() {
    this.handshake.read();
  }

  /** All that was written. */
  get answer(): string {
    return Buffer.concat(this.transport.writes).toString();
  }

  say(text: string): void {
    this.transport.receive(Buffer.from(text));
  }

  /** Have everything arrive that is under way. */
  settle(): void {
    while (this.clock.runTurn());
  }

  onRefused(refusal: HandshakeRefusal): void {
    this.refusals.push(refusal);
  }

  requestCame(_: PendingHandshake, head: Head): void {
    this.heads.push(head);
    this.onRequest();
  }

  handshakeEnded(): void {
    this.endedCount++;
  }
}

describe("a handshake that is under way", () => {
  it("reads a request in any pieces, and nothing behind it", () => {
    const ground = new Ground();
    for (const letter of upgradeRequest()) ground.say(letter);
    ground.say("early");
    expect(ground.heads.map(({ startLine }) => startLine)).toEqual(["GET / HTTP/1.1"]);
    expect(ground.transport.isPaused).toBe(true);
  });

  it("is accepted with the bytes of the response, once, and leaves no timer behind", () => {
    const ground = new Ground();
    const { clock, handshake } = ground;
    expect(handshake.accept(Buffer.from("HTTP/1.1 101 Yes\r\n\r\n"))).toBe(true);
    expect(handshake.accept(Buffer.from("again"))).toBe(false);
    expect(ground.answer).toBe("HTTP/1.1 101 Yes\r\n\r\n");
    expect(clock.timerCount).toBe(0);
  });

  it("tells once that it is refused, from where and why", () => {
    const { handshake, refusals } = new Ground();
    handshake.refuse(new HandshakeError("handshake/origin"));
    handshake.refuse(new HandshakeError("handshake/internal"));
    expect(refusals).toEqual([{ address: "memory", code: "handshake/origin", status: 403 }]);
  });

  it("is refused with status, headers and one line that says why; then the connection ends", async () => {
    const ground = new Ground();
    const { clock, handshake, logger, transport } = ground;
    handshake.refuse(new HandshakeError("handshake/version", { headers: { "Sec-WebSocket-Version": "13" } }));
    ground.settle();
    expect(ground.answer).toMatch(/^HTTP\/1\.1 426 /);
    expect(ground.answer).toContain("\r\nSec-WebSocket-Version: 13\r\n");
    expect(ground.answer).toContain("\r\nConnection: close\r\n");
    expect(ground.answer).toMatch(/\r\n\r\nSec-WebSocket-Version must be 13 \(RFC 6455, 4\.4\)\n$/);
    expect(transport.isEnded).toBe(true);
    transport.endByPeer();
    ground.settle();
    await handshake.ended();
    expect([transport.isClosed, clock.timerCount, ground.endedCount]).toEqual([true, 0, 1]);
    expect(logger.lines).toEqual([
      {
        level: "warn",
        event: "websocket/handshake-refused",
        fields: { address: "memory", code: "handshake/version", status: 426, message: expect.any(String) },
      },
    ]);
    expect(handshake.accept(Buffer.from("too late"))).toBe(false);
  });

  it("is refused with what its owner throws; what is no refusal is the log's to know", () => {
    const forbidden = new Ground();
    forbidden.onRequest = () => {
      throw new HandshakeError("handshake/forbidden");
    };
    forbidden.say(upgradeRequest());
    expect(forbidden.answer).toMatch(/^HTTP\/1\.1 403 /);
    const broken = new Ground();
    broken.onRequest = () => {
      throw new Error("no such table");
    };
    broken.say(upgradeRequest());
    expect(broken.answer).toMatch(/^HTTP\/1\.1 500 /);
    expect(broken.answer).not.toContain("table");
    expect(broken.logger.lines[0]).toEqual({
      level: "error",
      event: "websocket/handshake-failed",
      fields: { error: "Error: no such table" },
    });
  });

  it("is refused with 408 when its time is over", () => {
    const ground = new Ground();
    ground.say("GET / HTTP/1.1\r\n");
    ground.clock.advance(4999);
    expect(ground.answer).toBe("");
    ground.clock.advance(1);
    expect(ground.answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("is cut off when a refused peer keeps its side open, and what it still says is not looked at", async () => {
    const ground = new Ground();
    const { clock, handshake, transport } = ground;
    handshake.refuse(new HandshakeError("handshake/method"));
    ground.say(upgradeRequest());
    clock.advance(999);
    expect([transport.isDestroyed, ground.heads]).toEqual([false, []]);
    const ended = handshake.ended();
    clock.advance(1);
    expect([transport.isDestroyed, ground.endedCount]).toEqual([true, 1]);
    await ended;
  });

  it("ends without an answer when the peer breaks the connection", () => {
    const ground = new Ground();
    const { clock, handshake, logger, transport } = ground;
    transport.fail();
    ground.settle();
    expect([clock.timerCount, ground.endedCount, handshake.accept(Buffer.from("101"))]).toEqual([0, 1, false]);
    handshake.refuse(new HandshakeError("handshake/internal"));
    expect(logger.lines.map(({ event }) => event)).toEqual(["websocket/handshake-cut"]);
  });

  it("ends without an answer when the peer ends in the middle of its request, and not behind it", () => {
    const half = new Ground();
    half.say("GET / HTTP/1.1\r\n");
    half.transport.endByPeer();
    expect(half.transport.isDestroyed).toBe(true);
    const whole = new Ground();
    whole.say(upgradeRequest());
    whole.transport.endByPeer();
    expect([whole.transport.isDestroyed, whole.handshake.hasPeerEnded]).toEqual([false, true]);
  });
});
