import { describe, expect, it, vi } from "vitest";
import { BINARY, CLOSE, PING, PONG, TEXT, encodeFrame, type TestFrame } from "../../test/conformance/frames.js";
import { closePayload, SocketGround } from "../../test/support/socket-ground.js";
import { BusbarError } from "../kernel/errors.js";

const text = (payload: string): TestFrame => ({ opcode: TEXT, payload });
const ping = (payload: string): TestFrame => ({ opcode: PING, payload });
describe("a socket's messages", () => {
  it("come to listeners as text and bytes, in order", () => {
    const ground = new SocketGround();
    const seen: unknown[] = [];
    ground.socket.on("message", (message) => seen.push(message));
    ground.receive(text("one"), { opcode: BINARY, payload: new Uint8Array([1, 2]) });
    ground.receive(text(""));
    expect(seen).toEqual(["one", new Uint8Array([1, 2]), ""]);
  });

  it("wait for the first listener, who gets them soon and before later ones", async () => {
    const ground = new SocketGround();
    const seen: string[] = [];
    ground.receive(text("one"), text("two"));
    ground.socket.on("message", (message) => seen.push(String(message)));
    expect(seen).toEqual([]);
    ground.receive(text("three"));
    await ground.clock.settle();
    ground.receive(text("four"));
    expect(seen).toEqual(["one", "two", "three", "four"]);
  });

  it("wait again when the last listener went, in the middle of what waited, too", async () => {
    const ground = new SocketGround();
    const seen: string[] = [];
    ground.receive(text("one"), text("two"));
    const stop = ground.socket.on("message", (message) => {
      seen.push(String(message));
      stop();
    });
    await ground.clock.settle();
    expect([seen, ground.driver.inbox.length]).toEqual([["one"], 1]);
  });

  it("come to each loop over them once, and leaving a loop leaves the connection open", async () => {
    const ground = new SocketGround();
    ground.receive(text("one"), text("two"), text("three"));
    const seen: string[] = [];
    for await (const message of ground.socket) {
      seen.push(String(message));
      if (seen.length === 2) break;
    }
    for await (const message of ground.socket) {
      seen.push(String(message));
      break;
    }
    expect([seen, ground.socket.state]).toEqual([["one", "two", "three"], "open"]);
  });

  it("make the peer wait while nobody takes them, and no longer", async () => {
    const ground = new SocketGround();
    ground.receive(...Array.from({ length: 70 }, (_, index) => text(`${index}`)));
    expect(ground.transport.isPaused).toBe(true);
    const seen: string[] = [];
    ground.socket.on("message", (message) => seen.push(String(message)));
    ground.receive(text("held"));
    await ground.clock.settle();
    expect([seen.length, seen.at(-1), ground.transport.isPaused]).toEqual([71, "held", false]);
  });

  it("turn the flow on and off once, and not with each chunk", () => {
    const ground = new SocketGround();
    const pause = vi.spyOn(ground.transport, "pause");
    const resume = vi.spyOn(ground.transport, "resume");
    for (let chunk = 0; chunk < 10; chunk++) ground.receive(text("x"));
    ground.receive(...Array.from({ length: 60 }, () => text("x")));
    ground.driver.bytesReceived(encodeFrame(text("x"), "client"));
    while (ground.driver.inbox.shift() !== undefined);
    ground.receive(text("x"));
    expect([pause.mock.calls.length, resume.mock.calls.length]).toEqual([1, 1]);
  });

  it("do not make a peer wait that is to answer our close frame", async () => {
    const ground = new SocketGround();
    ground.receive(...Array.from({ length: 70 }, () => text("x")));
    const closed = ground.socket.close();
    expect(ground.transport.isPaused).toBe(false);
    ground.receive({ opcode: CLOSE, payload: closePayload(1000) });
    ground.transport.endByPeer();
    await ground.clock.settle();
    expect(await closed).toMatchObject({ wasClean: true });
    while (ground.driver.inbox.shift() !== undefined);
    expect(ground.transport.isPaused).toBe(false);
  });

  it("come no more once the application dropped the connection in the middle of a chunk", () => {
    const ground = new SocketGround();
    const seen: string[] = [];
    ground.socket.on("message", (message) => {
      seen.push(String(message));
      ground.socket.terminate();
    });
    ground.receive(text("one"), ping("?"), text("two"));
    ground.runTurns();
    expect([seen, ground.sent, ground.socket.state]).toEqual([["one"], [], "closed"]);
  });
});

describe("what one chunk causes", () => {
  it("leaves in one write, whether it is answered at once or when promises have gone on", async () => {
    const ground = new SocketGround();
    ground.socket.on("message", (message) => ground.socket.send(`at once ${String(message)}`));
    ground.socket.on("message", async (message) => {
      for (let step = 0; step < 10; step++) await Promise.resolve();
      ground.socket.send(`later ${String(message)}`).catch(() => {});
    });
    ground.receive(text("1"), ping("p"), text("2"));
    await ground.clock.settle();
    expect(ground.sent).toEqual(["text at once 1", "pong p", "text at once 2", "text later 1", "text later 2"]);
    expect(ground.transport.writes).toHaveLength(1);
  });

  it("leaves with what other chunks of the same turn cause", () => {
    const ground = new SocketGround();
    for (const payload of ["a", "b", "c"]) ground.receive(ping(payload));
    ground.runTurns();
    expect([ground.sent, ground.transport.writes.length]).toEqual([["pong a", "pong b", "pong c"], 1]);
  });
});

describe("a socket's events", () => {
  it.each([
    ["when nothing has come", []],
    ["when messages came with the handshake", [text("early")]],
    ["when messages come in its first turn", undefined],
  ])("begin with open, once, %s", async (_, early) => {
    const ground = new SocketGround();
    ground.receive(...(early ?? []));
    const seen: string[] = [];
    ground.socket.on("message", (message) => seen.push(String(message)));
    ground.socket.on("open", () => seen.push("open"));
    ground.socket.on("open", () => seen.push("open, too"));
    if (early === undefined) ground.receive(text("first"));
    await ground.clock.settle();
    ground.receive(text("later"));
    await ground.clock.settle();
    expect(seen.slice(0, 2)).toEqual(["open", "open, too"]);
    expect(seen.filter((name) => name.startsWith("open"))).toHaveLength(2);
    expect(seen.at(-1)).toBe("later");
  });

  it("do not say open behind close", async () => {
    const ground = new SocketGround();
    const seen: string[] = [];
    ground.socket.on("close", () => seen.push("close"));
    ground.socket.on("open", () => seen.push("open"));
    ground.driver.transportClosed();
    await ground.clock.settle();
    expect(seen).toEqual(["close"]);
  });

  it("tell of a drain when the kernel has taken everything", async () => {
    const ground = new SocketGround({ limits: { outboxBytesMax: 20 } });
    const seen: string[] = [];
    ground.socket.on("drain", () => seen.push(`drain at ${ground.socket.bufferedBytes}`));
    ground.transport.block();
    const sends = ["a", "b"].map((letter) => ground.socket.send(letter.repeat(15)));
    await ground.clock.settle();
    expect(seen).toEqual([]);
    ground.transport.unblock();
    await Promise.all([...sends, ground.clock.settle()]);
    expect(seen).toEqual(["drain at 0"]);
  });
});

describe("a listener that fails", () => {
  it.each([
    [
      "throws",
      () => () => {
        throw new Error("the application's own fault");
      },
    ],
    ["rejects", () => () => Promise.reject(new Error("the application's own fault"))],
  ])("closes its own socket with 1011 when it %s, and no other one", async (_, make) => {
    const ground = new SocketGround();
    const other = new SocketGround({ clock: ground.clock });
    const seen: string[] = [];
    ground.socket.on("message", make());
    ground.socket.on("message", (message) => seen.push(String(message)));
    ground.receive(text("one"));
    other.receive(text("one"));
    await ground.clock.settle();
    expect([ground.sent, ground.log]).toEqual([["close 1011 internal error"], ["error websocket/handler-failed"]]);
    expect(ground.fields[0]).toMatchObject({ address: "memory", cause: "Error: the application's own fault" });
    expect([seen, other.socket.state, other.log]).toEqual([["one"], "open", []]);
  });

  it("of a close cannot do more harm than a line in the log, and the others hear of the close", async () => {
    const ground = new SocketGround();
    const seen: string[] = [];
    ground.socket.on("close", () => {
      throw new Error("the application's own fault");
    });
    ground.socket.on("close", () => seen.push("close"));
    ground.socket.terminate();
    await ground.clock.settle();
    expect([seen, ground.log, ground.clock.timerCount]).toEqual([["close"], ["error websocket/handler-failed"], 0]);
    await expect(ground.socket.closed).resolves.toMatchObject({ code: 1006 });
  });

  it("is not to blame for a send that comes too late", async () => {
    const ground = new SocketGround();
    ground.socket.on("message", async () => {
      await ground.clock.settle();
      await ground.socket.send("too late");
    });
    ground.receive(text("one"), { opcode: CLOSE });
    await ground.clock.settle();
    await ground.clock.settle();
    expect([ground.sent, ground.log]).toEqual([["close"], ["debug websocket/sent-too-late"]]);
  });

  it("is to blame for all else that it does while the connection closes", async () => {
    const ground = new SocketGround();
    const { socket } = ground;
    socket.on("close", () => socket.send("too late"));
    for (const thrown of ["text", new BusbarError("an/other", "of the application's own")]) {
      socket.on("close", () => Promise.reject(thrown as Error));
    }
    socket.terminate();
    await ground.clock.settle();
    expect(ground.log).toEqual([
      "debug websocket/sent-too-late",
      "error websocket/handler-failed",
      "error websocket/handler-failed",
    ]);
    expect(ground.fields.slice(1)).toMatchObject([
      { cause: "text", stack: undefined },
      { cause: "BusbarError: of the application's own" },
    ]);
  });

  it("is not to blame for a send under which the connection ended", async () => {
    const ground = new SocketGround();
    ground.socket.on("message", () => ground.socket.send("never handed over"));
    ground.transport.block();
    ground.receive(text("one"));
    await ground.clock.settle();
    ground.transport.fail();
    await ground.clock.settle();
    expect(ground.log).toEqual(["debug websocket/sent-too-late"]);
  });

  it("is to blame for a send to another socket that comes too late", async () => {
    const ground = new SocketGround();
    const other = new SocketGround({ clock: ground.clock });
    other.socket.terminate();
    ground.socket.on("message", () => other.socket.send("too late"));
    ground.receive(text("one"));
    await ground.clock.settle();
    expect(ground.log).toEqual(["error websocket/handler-failed"]);
  });
});

describe("pings", () => {
  it("are answered while the peer reads; once it does not, only the last one is", async () => {
    const ground = new SocketGround();
    ground.receive(ping("first"));
    await ground.clock.settle();
    ground.transport.block();
    ground.receive(ping("second"));
    await ground.clock.settle();
    for (let chunk = 0; chunk < 1000; chunk++) ground.receive(ping(`flood ${chunk}`));
    await ground.clock.settle();
    expect([ground.sent, ground.socket.bufferedBytes]).toEqual([["pong first", "pong second"], 8]);
    ground.transport.unblock();
    await ground.clock.settle();
    expect(ground.sent).toEqual(["pong first", "pong second", "pong flood 999"]);
    ground.receive(ping("last"));
    await ground.clock.settle();
    expect(ground.sent.at(-1)).toBe("pong last");
  });

  it("are not answered behind our close frame, not even one that waited", async () => {
    const ground = new SocketGround();
    ground.transport.block();
    const send = ground.socket.send("before");
    await ground.clock.settle();
    ground.receive(ping("waits"));
    ground.driver.close(1000, "");
    ground.receive(ping("late"));
    ground.transport.unblock();
    await ground.clock.settle();
    await send;
    expect(ground.sent).toEqual(["text before", "close 1000"]);
  });

  it("of ours resolve with the round trip", async () => {
    const ground = new SocketGround({ role: "client" });
    const trip = ground.socket.ping(new Uint8Array([65]));
    await ground.clock.settle();
    expect(ground.sent).toEqual(["ping A"]);
    ground.clock.advance(30);
    ground.receive({ opcode: PONG, payload: "A" });
    expect(await trip).toBe(30);
  });
});
