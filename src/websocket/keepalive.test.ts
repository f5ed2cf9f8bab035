import { describe, expect, it } from "vitest";
import { PONG, TEXT } from "../../test/conformance/frames.js";
import { SocketGround } from "../../test/support/socket-ground.js";
import { TimingWheel } from "../kernel/timing-wheel.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Keepalive } from "./keepalive.js";

function watch(
  idleMs: number,
  timeoutMs: number,
): { clock: VirtualClock; keepalive: Keepalive; seen: string[]; peer: { isListening: boolean } } {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const peer = {
    clock,
    limits: { keepaliveIdleMs: idleMs, keepaliveTimeoutMs: timeoutMs },
    isListening: true,
    peerIsSilent: () => void seen.push(`ask@${clock.now()}`),
    peerIsGone: () => void seen.push(`gone@${clock.now()}`),
  };
  const keepalive = new Keepalive(peer);
  return { clock, keepalive, seen, peer };
}

describe("keepalive", () => {
  it("asks after a silence and takes a peer that does not answer for gone, and holds no timer then", () => {
    const { clock, seen } = watch(25_000, 10_000);
    clock.advance(100_000);
    expect(seen).toEqual(["ask@25000", "gone@35000"]);
    expect(clock.timerCount).toBe(0);
  });

  it("does not ask a peer that is heard, and sets one timer an idle span, not one a chunk", () => {
    const { clock, keepalive, seen } = watch(1_000, 500);
    for (let chunk = 0; chunk < 100; chunk++) {
      clock.advance(100);
      keepalive.heard();
      expect(clock.timerCount).toBe(1);
    }
    expect(seen).toEqual([]);
    clock.advance(999);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual(["ask@11000"]);
  });

  it.each([
    ["shorter than", 1_000, 500, ["ask@1000", "ask@2000", "ask@3000"]],
    ["as long as", 1_000, 1_000, ["ask@1000", "ask@2000", "ask@3000"]],
    ["longer than", 1_000, 5_000, ["ask@1000", "ask@6000", "ask@11000"]],
  ])(
    "does not take a peer that answers at once for gone when the timeout is %s the idle span",
    (_, idle, timeout, asked) => {
      const { clock, keepalive, seen } = watch(idle, timeout);
      for (let ms = 0; ms < 11_000; ms++) {
        clock.advance(1);
        if (seen.at(-1) === `ask@${clock.now()}`) keepalive.heard();
      }
      expect(seen.slice(0, 3)).toEqual(asked);
      expect(seen.join(" ")).not.toContain("gone");
    },
  );

  it("holds a silence against nobody who would not have been heard", () => {
    const { clock, seen, peer } = watch(1_000, 500);
    peer.isListening = false;
    clock.advance(10_000);
    expect(seen).toEqual([]);
    peer.isListening = true;
    clock.advance(1_000);
    peer.isListening = false;
    clock.advance(500);
    expect(seen).toEqual(["ask@11000"]);
    peer.isListening = true;
    clock.advance(1_500);
    expect(seen).toEqual(["ask@11000", "ask@12500", "gone@13000"]);
  });

  it("holds no timer once it was stopped, before and after it asked", () => {
    const { clock, keepalive } = watch(1_000, 500);
    keepalive.stop();
    expect(clock.timerCount).toBe(0);
    const asked = watch(1_000, 500);
    asked.clock.advance(1_200);
    asked.keepalive.stop();
    expect(asked.clock.timerCount).toBe(0);
  });
});

describe("keepalive of a socket", () => {
  const limits = { keepaliveIdleMs: 25_000, keepaliveTimeoutMs: 10_000 };

  it("pings a silent peer, and drops one that does not answer", async () => {
    const ground = new SocketGround({ limits });
    const seen: string[] = [];
    ground.socket.on("error", ({ code, retryable }) => seen.push(`${code} ${retryable}`));
    await ground.clock.pass(25_000);
    expect(ground.sent).toEqual(["ping"]);
    ground.receive({ opcode: PONG });
    await ground.clock.pass(34_999);
    expect([ground.sent, ground.socket.state]).toEqual([["ping", "ping"], "open"]);
    await ground.clock.pass(1);
    expect([seen, ground.transport.isDestroyed]).toEqual([["websocket/keepalive-timeout true"], true]);
    expect([await ground.socket.closed, ground.clock.timerCount]).toEqual([
      { code: 1006, reason: "", wasClean: false },
      0,
    ]);
  });

  it("holds no silence against a peer that is made to wait", async () => {
    const ground = new SocketGround({ limits });
    ground.receive(...Array.from({ length: 70 }, () => ({ opcode: TEXT, payload: "x" })));
    await ground.clock.pass(300_000);
    expect([ground.sent, ground.socket.state]).toEqual([[], "open"]);
    while (ground.driver.inbox.shift() !== undefined);
    await ground.clock.pass(60_000);
    expect([ground.sent, ground.socket.state]).toEqual([["ping"], "closed"]);
  });

  it("sends no ping behind bytes that the peer does not take", async () => {
    const ground = new SocketGround({ limits });
    ground.transport.block();
    const send = ground.socket.send("before");
    await ground.clock.pass(35_000);
    expect([ground.sent, ground.transport.isDestroyed]).toEqual([["text before"], true]);
    await expect(send).rejects.toMatchObject({ code: "websocket/not-sent" });
  });

  it("ends where the closing begins, which has a time of its own", async () => {
    const ground = new SocketGround({ limits: { ...limits, closeTimeoutMs: 60_000 } });
    const seen: string[] = [];
    ground.socket.on("error", ({ code }) => seen.push(code));
    ground.driver.close(1000, "");
    expect(ground.clock.timerCount).toBe(1);
    await ground.clock.pass(60_000);
    expect([ground.sent, seen]).toEqual([["close 1000"], []]);
  });

  it("has one timer of the clock below for 10,000 idle sockets", () => {
    const clock = new VirtualClock();
    const timers = new TimingWheel(clock);
    const grounds = Array.from({ length: 10_000 }, () => new SocketGround({ clock, timers, limits }));
    expect([clock.timerCount, timers.size]).toEqual([1, 10_000]);
    for (const { driver } of grounds) driver.transportClosed();
    expect([clock.timerCount, timers.size]).toEqual([0, 0]);
  });
});
