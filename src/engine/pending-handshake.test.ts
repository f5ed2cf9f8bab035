import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { LogBook, openTcp } from "../../test/support/engine-ground.js";
import type { TcpPeer } from "../../test/support/tcp-peer.js";
import { HandshakeError } from "../protocol/errors.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { PendingHandshake } from "./pending-handshake.js";

interface Ground {
  readonly clock: VirtualClock;
  readonly logger: LogBook;
  readonly peer: TcpPeer;
  readonly socket: Socket;
  readonly handshake: PendingHandshake;
  /** How often `onEnded` was told. */
  ended(): number;
}

/** A connection that is 5 s from its timeout. */
async function begin(): Promise<Ground> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => void listener.close());
  const connection = once(listener, "connection");
  const peer = await openTcp((listener.address() as AddressInfo).port);
  const [socket] = (await connection) as [Socket];
  onTestFinished(() => void socket.destroy());
  const clock = new VirtualClock();
  const logger = new LogBook();
  let ended = 0;
  const onEnded = (): void => void ended++;
  const handshake = new PendingHandshake({ socket, clock, logger, timeoutMs: 5000, onEnded });
  return { clock, logger, peer, socket, handshake, ended: () => ended };
}

describe("a handshake that is under way", () => {
  it("is accepted with the bytes of the response, and leaves nothing of its own behind", async () => {
    const { clock, ended, handshake, peer, socket } = await begin();
    const before = socket.listenerCount("close") - 1;
    expect(handshake.accept(Buffer.from("HTTP/1.1 101 Yes\r\n\r\n"))).toBe(true);
    expect((await peer.head()).status).toBe(101);
    handshake.letGo();
    expect([socket.listenerCount("error"), socket.listenerCount("close")]).toEqual([0, before]);
    expect([clock.timerCount, ended()]).toEqual([0, 1]);
    expect(handshake.accept(Buffer.from("again"))).toBe(false);
  });

  it("tells once that it is refused, from where and why", async () => {
    const { handshake: other, socket } = await begin();
    const refusals: unknown[] = [];
    const handshake = new PendingHandshake({
      socket,
      clock: new VirtualClock(),
      logger: new LogBook(),
      timeoutMs: 5000,
      onRefused: (refusal) => void refusals.push(refusal),
      onEnded: () => undefined,
    });
    handshake.refuse(new HandshakeError("handshake/origin"));
    handshake.refuse(new HandshakeError("handshake/internal"));
    expect(refusals).toEqual([{ address: other.address, code: "handshake/origin", status: 403 }]);
  });

  it("is refused with status, headers and one line that says why; then the connection ends", async () => {
    const { clock, ended, handshake, logger, peer } = await begin();
    handshake.refuse(new HandshakeError("handshake/version", { headers: { "Sec-WebSocket-Version": "13" } }));
    handshake.refuse(new HandshakeError("handshake/internal"));
    const { body, headers, status } = await peer.refusal();
    expect(status).toBe(426);
    expect(headers.get("sec-websocket-version")).toBe("13");
    expect(headers.get("connection")).toBe("close");
    expect(body).toBe("Sec-WebSocket-Version must be 13 (RFC 6455, 4.4)\n");
    await peer.closed;
    await handshake.ended();
    await handshake.ended();
    expect([clock.timerCount, ended()]).toEqual([0, 1]);
    expect(logger.lines).toEqual([
      {
        level: "warn",
        event: "websocket/handshake-refused",
        fields: { address: "127.0.0.1", code: "handshake/version", status: 426, message: expect.any(String) },
      },
    ]);
    expect(handshake.accept(Buffer.from("too late"))).toBe(false);
  });

  it("is refused with 408 when its time is over", async () => {
    const { clock, handshake, peer } = await begin();
    clock.advance(4999);
    expect(clock.timerCount).toBe(1);
    clock.advance(1);
    expect((await peer.refusal()).status).toBe(408);
    await handshake.ended();
  });

  it("is cut off when a refused peer keeps its side open", async () => {
    const { clock, handshake, peer, socket } = await begin();
    socket.allowHalfOpen = true;
    peer.socket.allowHalfOpen = true;
    handshake.refuse(new HandshakeError("handshake/method"));
    await peer.refusal();
    expect(socket.destroyed).toBe(false);
    peer.write("still here");
    clock.advance(999);
    expect(socket.destroyed).toBe(false);
    clock.advance(1);
    expect(socket.destroyed).toBe(true);
    await handshake.ended();
  });

  it("ends without an answer when the peer resets the connection", async () => {
    const { clock, ended, handshake, logger, peer, socket } = await begin();
    socket.resume();
    const gone = handshake.ended();
    peer.reset();
    await gone;
    expect([clock.timerCount, ended(), handshake.accept(Buffer.from("101"))]).toEqual([0, 1, false]);
    handshake.refuse(new HandshakeError("handshake/internal"));
    expect(logger.lines.map(({ event }) => event)).toEqual(["websocket/handshake-cut"]);
  });
});
