import { describe, expect, it } from "vitest";
import { BINARY, CLOSE, PING, TEXT, type TestFrame } from "../../test/conformance/frames.js";
import { closePayload, plainDeflate, SocketGround, type SocketSetting } from "../../test/support/socket-ground.js";
import { deferred } from "../kernel/deferred.js";
import type { Inflation } from "./ports.js";

const roles = ["server", "client"] as const;
const text = (payload: string): TestFrame => ({ opcode: TEXT, payload });
const close = (code: number, reason?: string): TestFrame => ({ opcode: CLOSE, payload: closePayload(code, reason) });
const broken: TestFrame = { opcode: 0x3 };

/** A ground whose socket notes its end. */
function groundWithEnd(setting: SocketSetting = {}): { ground: SocketGround; seen: string[] } {
  const ground = new SocketGround(setting);
  const seen: string[] = [];
  ground.socket.on("error", ({ code }) => seen.push(`error ${code}`));
  ground.socket.on("close", ({ code, reason, wasClean }) =>
    seen.push(`closed ${code} ${reason} ${wasClean ? "clean" : "unclean"}`.replace("  ", " ")),
  );
  return { ground, seen };
}

/** The end of the transport from the peer's side, and what must be left then: no timer, nothing to send. */
async function endByPeer(ground: SocketGround): Promise<void> {
  ground.transport.endByPeer();
  await ground.clock.settle();
  expect([ground.socket.state, ground.clock.timerCount, ground.socket.bufferedBytes]).toEqual(["closed", 0, 0]);
}

describe.each(roles)("a %s that closes", (role) => {
  it("sends its close frame behind what it sent, and the transport ends in the order of RFC 6455, 7.1.1", async () => {
    const { ground, seen } = groundWithEnd({ role });
    const { clock, driver, socket, transport } = ground;
    const sent = socket.send("before");
    const closed = socket.close(4000, "enough");
    expect([driver.state, clock.timerCount]).toEqual(["closing", 1]);
    await clock.settle();
    await sent;
    expect([ground.sent, transport.writes.length]).toEqual([["text before", "close 4000 enough"], 1]);
    expect([transport.isEnded, seen]).toEqual([false, []]);
    ground.receive(close(4000, "fine"));
    await clock.settle();
    expect(transport.isEnded).toBe(role === "server");
    await endByPeer(ground);
    expect([transport.isEnded, transport.isDestroyed, seen]).toEqual([true, false, ["closed 4000 fine clean"]]);
    expect(await closed).toEqual({ code: 4000, reason: "fine", wasClean: true });
  });

  it("drops the transport of a peer that does not answer, or that does not end it, in time", async () => {
    for (const answer of [[], [close(1000)]]) {
      const { ground, seen } = groundWithEnd({ role });
      ground.driver.close(1000, "");
      ground.receive(...answer);
      await ground.clock.pass(4_999);
      expect(ground.transport.isDestroyed).toBe(false);
      await ground.clock.pass(1);
      expect([ground.transport.isDestroyed, ground.clock.timerCount]).toEqual([true, 0]);
      expect(seen).toEqual([answer.length === 0 ? "closed 1006 unclean" : "closed 1000 clean"]);
    }
  });

  it("drops the transport of a peer that does not read, and rejects what was to be sent", async () => {
    const { ground, seen } = groundWithEnd({ role, limits: { outboxBytesMax: 100 } });
    ground.transport.block();
    const sends = [ground.socket.send("x".repeat(90)), ground.socket.send("y".repeat(90))];
    ground.driver.close(1000, "");
    await ground.clock.pass(5_000);
    for (const send of sends) await expect(send).rejects.toMatchObject({ code: "websocket/not-sent" });
    expect([seen, ground.clock.timerCount, ground.socket.bufferedBytes]).toEqual([["closed 1006 unclean"], 0, 0]);
  });

  it("sends nothing behind its close frame", async () => {
    const { ground } = groundWithEnd({ role, limits: { keepaliveIdleMs: 100 } });
    ground.driver.close(1000, "");
    ground.receive({ opcode: PING, payload: "?" }, text("a message"));
    for (const attempt of [ground.socket.send("late"), ground.socket.ping()]) {
      await expect(attempt).rejects.toMatchObject({ code: "send/not-open" });
    }
    await ground.clock.pass(4_000);
    expect(ground.sent).toEqual(["close 1000"]);
    ground.receive(broken, text("more"));
    await ground.clock.settle();
    expect([ground.sent, ground.transport.isEnded]).toEqual([["close 1000"], true]);
  });

  it("has closed cleanly when both did so at the same time", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.driver.close(4001, "ours");
    ground.receive(close(4002, "theirs"));
    await ground.clock.settle();
    expect(ground.sent).toEqual(["close 4001 ours"]);
    await endByPeer(ground);
    expect(seen).toEqual(["closed 4002 theirs clean"]);
  });

  it("hands out nothing more, and ends for those who wait for messages", async () => {
    const { ground } = groundWithEnd({ role });
    const messages = ground.socket[Symbol.asyncIterator]();
    ground.receive(text("before"));
    const waiting = messages.next().then(() => messages.next());
    await ground.clock.settle();
    ground.driver.close(1000, "");
    ground.receive(text("behind"));
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
  });

  it("refuses a code or a reason that may not travel, and stays open", async () => {
    const { ground } = groundWithEnd({ role });
    await expect(ground.socket.close(1006)).rejects.toMatchObject({ code: "send/close-code" });
    const reason = "ä".repeat(62);
    await expect(ground.socket.close(1000, reason)).rejects.toMatchObject({ code: "send/close-reason-too-long" });
    expect([ground.driver.state, ground.clock.timerCount]).toEqual(["open", 0]);
  });
});

describe.each(roles)("a %s whose peer closes", (role) => {
  it.each([
    ["with a code", [close(4000, "bye")], "close 4000", "closed 4000 bye clean"],
    ["without a code", [{ opcode: CLOSE }], "close", "closed 1005 clean"],
  ])(
    "answers a close frame %s, and the transport ends in the order of RFC 6455, 7.1.1",
    async (_, frames, answer, end) => {
      const { ground, seen } = groundWithEnd({ role });
      ground.receive(...frames);
      expect(ground.driver.state).toBe("closing");
      await ground.clock.settle();
      expect([ground.sent, ground.transport.isEnded]).toEqual([[answer], role === "server"]);
      await endByPeer(ground);
      expect([seen, ground.transport.isDestroyed]).toEqual([[end], false]);
    },
  );

  it("answers messages of the same chunk before it closes, in the same write", async () => {
    const { ground } = groundWithEnd({ role });
    ground.socket.on("message", (message) => ground.socket.send(`re: ${String(message)}`));
    ground.receive(text("one"), { opcode: PING, payload: "?" }, text("two"), close(1000));
    await ground.clock.settle();
    expect(ground.sent).toEqual(["text re: one", "pong ?", "text re: two", "close 1000"]);
    expect(ground.transport.writes).toHaveLength(1);
  });

  it("answers messages of the same chunk before it closes when they are iterated over, too", async () => {
    const { ground } = groundWithEnd({ role });
    const answers = (async () => {
      for await (const message of ground.socket) ground.socket.send(`re: ${String(message)}`).catch(() => {});
    })();
    await ground.clock.settle();
    ground.receive(text("one"), text("two"), text("three"), close(1000));
    await ground.clock.settle();
    expect(ground.sent).toEqual(["text re: one", "text re: two", "text re: three", "close 1000"]);
    expect(ground.transport.writes).toHaveLength(1);
    await answers;
  });

  it("answers them even when each answer is awaited before the next message is taken", async () => {
    const { ground } = groundWithEnd({ role });
    const answers = (async () => {
      for await (const message of ground.socket) await ground.socket.send(`re: ${String(message)}`);
    })();
    ground.receive(text("one"), text("two"), text("three"), close(1000));
    await ground.clock.settle();
    expect(ground.sent).toEqual(["text re: one", "text re: two", "text re: three", "close 1000"]);
    await answers;
    await endByPeer(ground);
  });

  it("does not wait for an application that takes no messages, and leaves them to it", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.receive(text("one"), text("two"), close(1000));
    await ground.clock.settle();
    expect(ground.sent).toEqual(["close 1000"]);
    await endByPeer(ground);
    const left: unknown[] = [];
    for await (const message of ground.socket) left.push(message);
    expect([left, seen]).toEqual([["one", "two"], ["closed 1000 clean"]]);
  });

  it("waits no longer than for the closing's time for a peer that does not read its answers", async () => {
    const { ground, seen } = groundWithEnd({ role });
    const answers = (async () => {
      for await (const message of ground.socket) await ground.socket.send(`re: ${String(message)}`);
    })();
    const ended = expect(answers).rejects.toMatchObject({ code: "websocket/not-sent" });
    ground.transport.block();
    ground.receive(text("one"), text("two"), close(1000));
    await ground.clock.pass(5_000);
    expect([ground.sent, seen]).toEqual([["text re: one"], ["closed 1000 unclean"]]);
    await ended;
    expect([ground.clock.timerCount, ground.clock.runTurn()]).toEqual([0, false]);
  });

  it("still answers the close frame of a peer that ends its direction right behind it", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.socket.on("message", (message) => ground.socket.send(`re: ${String(message)}`));
    ground.receive(text("one"), close(1000));
    ground.transport.endByPeer();
    await ground.clock.settle();
    expect([ground.sent, ground.transport.isEnded]).toEqual([["text re: one", "close 1000"], true]);
    expect([seen, ground.clock.timerCount]).toEqual([["closed 1000 clean"], 0]);
  });

  it("closes with the application's own code when that was faster", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.socket.on("message", () => ground.driver.close(4009, "mine"));
    ground.receive(text("one"), close(1000));
    await ground.clock.settle();
    expect([ground.sent, ground.transport.writes.length]).toEqual([["close 4009 mine"], 1]);
    await endByPeer(ground);
    expect(seen).toEqual(["closed 1000 clean"]);
  });

  it("did not close cleanly when it dropped the transport instead of answering", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.receive(close(1000, "bye"));
    ground.socket.terminate();
    await ground.clock.settle();
    expect([ground.sent, seen, ground.clock.timerCount]).toEqual([[], ["closed 1000 bye unclean"], 0]);
  });
});

describe.each(roles)("a %s whose peer breaks a rule", (role) => {
  it("answers what came before, closes with the rule's code in the same write, and ends the transport", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.socket.on("message", (message) => ground.socket.send(`re: ${String(message)}`));
    ground.receive(text("one"), broken, text("two"));
    ground.receive(text("three"), close(1000));
    await ground.clock.settle();
    expect(ground.sent).toEqual(["text re: one", "close 1002 frame/reserved-opcode"]);
    expect([ground.transport.writes.length, ground.transport.isEnded]).toEqual([1, true]);
    expect(ground.log).toEqual(["warn websocket/protocol-error"]);
    await endByPeer(ground);
    expect(seen).toEqual(["error frame/reserved-opcode", "closed 1002 frame/reserved-opcode unclean"]);
  });

  it("ends the transport when its own close frame has been sent already", async () => {
    const { ground } = groundWithEnd({ role });
    ground.driver.close(1000, "");
    ground.receive(broken);
    await ground.clock.settle();
    expect([ground.sent, ground.transport.isEnded]).toEqual([["close 1000"], true]);
    await endByPeer(ground);
  });

  it("closes only once in all that a hostile peer sends behind it", async () => {
    const { ground } = groundWithEnd({ role });
    for (let chunk = 0; chunk < 50; chunk++) ground.receive(broken, text("x"), close(1000), { opcode: PING });
    await ground.clock.settle();
    expect([ground.sent.length, ground.transport.writes.length]).toEqual([1, 1]);
  });
});

describe.each(roles)("a %s whose transport ends without a close frame", (role) => {
  it("hands over what waits for the peer, ends its own direction, and takes nothing more", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.socket.on("message", (message) => ground.socket.send(`re: ${String(message)}`));
    ground.receive(text("one"));
    ground.transport.endByPeer();
    await expect(ground.socket.send("late")).rejects.toMatchObject({ code: "send/not-open" });
    await ground.clock.settle();
    expect([ground.sent, ground.transport.isEnded]).toEqual([["text re: one"], true]);
    expect([seen, ground.clock.timerCount]).toEqual([["closed 1006 unclean"], 0]);
  });

  it("waits for a peer that has ended its direction and does not read only so long", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.transport.block();
    const send = ground.socket.send("before");
    ground.transport.endByPeer();
    await ground.clock.pass(5_000);
    expect([ground.transport.isDestroyed, ground.clock.timerCount, seen]).toEqual([true, 0, ["closed 1006 unclean"]]);
    await expect(send).rejects.toMatchObject({ code: "websocket/not-sent" });
  });

  it("is told so when it had begun to close", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.driver.close(1000, "");
    await ground.clock.settle();
    await endByPeer(ground);
    expect([ground.sent, seen]).toEqual([["close 1000"], ["closed 1006 unclean"]]);
  });

  it("still gets the message that is being inflated, and the close frame behind it", async () => {
    const inflation = deferred<Inflation>();
    const port = { deflate: (payload: Uint8Array) => payload, inflate: () => inflation.promise };
    const { ground, seen } = groundWithEnd({ role, deflate: plainDeflate, port });
    ground.socket.on("message", (message) => seen.push(`message ${message.length}`));
    ground.receive({ opcode: BINARY, payload: "deflated", reserved: 4 }, close(1000));
    ground.transport.endByPeer();
    await ground.clock.settle();
    expect([seen, ground.transport.isEnded]).toEqual([[], false]);
    inflation.resolve(new Uint8Array(7));
    await ground.clock.settle();
    expect([ground.sent, seen]).toEqual([["close 1000"], ["message 7", "closed 1000 clean"]]);
  });

  it("is told why it broke, and what was to be sent is rejected", async () => {
    const { ground, seen } = groundWithEnd({ role });
    const send = ground.socket.send("before");
    const ping = ground.socket.ping();
    ground.transport.fail(new Error("a cable"));
    await ground.clock.settle();
    expect(seen).toEqual(["error transport/failed", "closed 1006 unclean"]);
    await expect(send).rejects.toMatchObject({ code: "websocket/not-sent", cause: { code: "transport/failed" } });
    await expect(ping).rejects.toMatchObject({ code: "websocket/not-sent" });
  });

  it("is not bothered with how the transport broke behind a clean close", async () => {
    const { ground, seen } = groundWithEnd({ role });
    ground.receive(close(1000));
    await ground.clock.settle();
    ground.transport.fail();
    await ground.clock.settle();
    expect([seen, ground.clock.timerCount]).toEqual([["closed 1000 clean"], 0]);
  });
});

describe("a socket that is gone", () => {
  it("can be closed, dropped and told the same again, and no timer is left", async () => {
    const { ground, seen } = groundWithEnd();
    ground.socket.terminate();
    await ground.clock.settle();
    expect(await ground.socket.close(4000)).toEqual({ code: 1006, reason: "", wasClean: false });
    ground.socket.terminate();
    ground.driver.transportClosed();
    ground.driver.peerEnded();
    ground.driver.bytesReceived(new Uint8Array([0x81]));
    await ground.clock.settle();
    expect([seen, ground.sent, ground.clock.timerCount]).toEqual([["closed 1006 unclean"], [], 0]);
  });

  it("leaves no timer when it went in the turn in which the peer's close frame came", async () => {
    const { ground } = groundWithEnd();
    ground.receive(close(1000));
    ground.driver.transportClosed();
    await ground.clock.settle();
    expect([ground.clock.timerCount, ground.transport.writes]).toEqual([0, []]);
  });
});
