import { describe, expect, it } from "vitest";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  decodeFrames,
  encodeFrame,
  encodeFrames,
  PING,
  PONG,
  TEXT,
  type TestFrame,
} from "../../test/conformance/frames.js";
import { portableTextCodec } from "../kernel/text-codec.js";
import { Connection, type ConnectionEvent, type ConnectionState, type Inflation, type Role } from "./connection.js";
import { opcodes } from "./frame-header.js";
import { bytesOf, Frames } from "./frames.js";
import { FrameWriter } from "./frame-writer.js";

const MESSAGE_BYTES_MAX = 1000;
const roles: readonly Role[] = ["server", "client"];

function writerFor(role: Role): FrameWriter {
  const random = { fill: (target: Uint8Array): void => void target.fill(0x5a), fraction: (): number => 0 };
  return new FrameWriter({ isMasked: role === "client", text: portableTextCodec, random });
}

/** A connection with what it told and sent, fed by a peer of the other role. */
class Endpoint {
  readonly connection: Connection;
  readonly events: ConnectionEvent[] = [];
  readonly output = new Frames();
  readonly #role: Role;
  readonly #sent: Uint8Array[] = [];

  constructor(role: Role = "server") {
    this.#role = role;
    this.connection = new Connection({
      role,
      writer: writerFor(role),
      isDeflateNegotiated: true,
      messageBytesMax: MESSAGE_BYTES_MAX,
      fragmentsMax: 16,
      text: portableTextCodec,
    });
  }

  get sent() {
    this.#sent.push(...this.output.take().map(bytesOf));
    return decodeFrames(Buffer.concat(this.#sent), this.#role).map(({ opcode, isCompressed, payload }) => ({
      opcode,
      isCompressed,
      payload: payload.toString("latin1"),
    }));
  }

  get types(): string[] {
    return this.events.map((event) => (event.type === "failed" ? event.error.code : event.type));
  }

  receive(...frames: readonly TestFrame[]): void {
    const bytes = encodeFrames(frames, this.#role === "server" ? "client" : "server");
    this.connection.receive(bytes, this.events);
  }

  inflated(inflation: Inflation): void {
    this.connection.inflated(inflation, this.events);
  }

  close(code?: number, reason = ""): void {
    this.connection.close(code, reason, this.output);
  }
}

const steps = {
  "we close": (end: Endpoint): void => end.close(1000),
  "the peer closes": (end: Endpoint): void => end.receive({ opcode: CLOSE }),
  "the peer breaks a rule": (end: Endpoint): void => end.receive({ opcode: 3 }),
  "the transport ends": (end: Endpoint): void => end.connection.transportEnded(),
} as const;

type Step = keyof typeof steps;
const allSteps: readonly Step[] = ["we close", "the peer closes", "the peer breaks a rule", "the transport ends"];

/** RFC 6455, 7.1: by which steps a state is reached, and what each step makes of it. */
const table: readonly [state: ConnectionState, by: readonly Step[], to: readonly ConnectionState[]][] = [
  ["open", [], ["closing", "answering", "answering", "closed"]],
  ["answering", ["the peer closes"], ["closed", "answering", "answering", "closed"]],
  ["answering", ["the peer breaks a rule"], ["closed", "answering", "answering", "closed"]],
  ["closing", ["we close"], ["closing", "closed", "closed", "closed"]],
  ["closed", ["we close", "the peer closes"], ["closed", "closed", "closed", "closed"]],
  ["closed", ["we close", "the peer breaks a rule"], ["closed", "closed", "closed", "closed"]],
  ["closed", ["the transport ends"], ["closed", "closed", "closed", "closed"]],
];

describe.each(roles)("the state of a %s's connection", (role) => {
  it.each(table)("goes on from %s, reached by %j, to %j", (state, by, to) => {
    const reached = allSteps.map((step) => {
      const end = new Endpoint(role);
      for (const earlier of by) steps[earlier](end);
      expect(end.connection.state).toBe(state);
      expect(end.connection.canSend).toBe(state === "open" || state === "answering");
      steps[step](end);
      return end.connection.state;
    });
    expect(reached).toEqual(to);
  });

  it("sends messages, pings and pongs, each in a frame of its own", () => {
    const end = new Endpoint(role);
    const { connection, output } = end;
    connection.send("a", output);
    connection.send(Uint8Array.of(0x62), output);
    connection.sendControl("ping", "c", output);
    connection.sendControl("pong", Uint8Array.of(0x64), output);
    connection.sendFramed(connection.frameDeflated(Uint8Array.of(0x65), true), output);
    connection.sendFramed(connection.frameDeflated(Uint8Array.of(0x66), false), output);
    expect(end.sent).toEqual([
      { opcode: TEXT, isCompressed: false, payload: "a" },
      { opcode: BINARY, isCompressed: false, payload: "b" },
      { opcode: PING, isCompressed: false, payload: "c" },
      { opcode: PONG, isCompressed: false, payload: "d" },
      { opcode: TEXT, isCompressed: true, payload: "e" },
      { opcode: BINARY, isCompressed: true, payload: "f" },
    ]);
  });

  it("refuses what is masked as only the other role's frames are", () => {
    const end = new Endpoint(role);
    end.connection.receive(encodeFrame({ opcode: TEXT }, role), end.events);
    expect(end.types).toEqual([role === "server" ? "frame/not-masked" : "frame/masked"]);
  });
});

describe("closing a connection", () => {
  it("sends the code and the reason, once", () => {
    const end = new Endpoint();
    end.close(4000, "é");
    end.close(1000, "again");
    expect(end.sent).toEqual([{ opcode: CLOSE, isCompressed: false, payload: "\x0f\xa0\xc3\xa9" }]);
  });

  it("can have no code, and then no payload", () => {
    const end = new Endpoint();
    end.close();
    expect(end.sent).toEqual([{ opcode: CLOSE, isCompressed: false, payload: "" }]);
  });

  it.each([
    [999, "", "send/close-code"],
    [1005, "", "send/close-code"],
    [1006, "", "send/close-code"],
    [5000, "", "send/close-code"],
    [1000, "x".repeat(124), "send/close-reason-too-long"],
    [undefined, "é".repeat(62), "send/close-reason-too-long"],
  ])("with %s and %j is refused, and changes nothing", (code, reason, error) => {
    const end = new Endpoint();
    expect(end.connection.closeError(code, reason)).toMatchObject({ code: error, by: "local" });
    expect(() => end.close(code, reason)).toThrow(expect.objectContaining({ code: error }));
    expect([end.connection.state, end.output.byteLength]).toEqual(["open", 0]);
    // Also where there is nothing left to close: the caller's mistake stays one.
    end.connection.transportEnded();
    expect(() => end.close(code, reason)).toThrow(expect.objectContaining({ code: error }));
  });

  it.each([
    [undefined, ""],
    [1000, "é".repeat(61)],
    [4999, "x".repeat(123)],
  ])("with %s and %j is allowed", (code, reason) => {
    expect(new Endpoint().connection.closeError(code, reason)).toBeUndefined();
  });

  it("still reads what the peer sends before its close frame, and nothing behind that", () => {
    const end = new Endpoint();
    end.close(1000);
    end.receive({ opcode: TEXT, payload: "late" });
    end.receive({ opcode: CLOSE, payload: Uint8Array.of(3, 0xe8) }, { opcode: TEXT, payload: "too late" });
    end.receive({ opcode: PING });
    expect(end.types).toEqual(["message", "close"]);
    expect(end.connection.state).toBe("closed");
  });

  it.each<Step>(["the peer closes", "the peer breaks a rule"])("lets answers go out first when %s", (step) => {
    const end = new Endpoint();
    steps[step](end);
    end.receive({ opcode: TEXT, payload: "not read" });
    expect(end.events).toHaveLength(1);
    end.connection.send("answer", end.output);
    end.close(1002);
    expect(end.sent.map(({ opcode }) => opcode)).toEqual([TEXT, CLOSE]);
    expect(end.connection.state).toBe("closed");
  });

  it.each<Step>(["we close", "the transport ends"])("ends all sending when %s", (step) => {
    const end = new Endpoint();
    const { connection, output } = end;
    steps[step](end);
    const before = output.byteLength;
    const refusal = expect.objectContaining({ code: "send/not-open", by: "local" });
    expect(() => connection.send("a", output)).toThrow(refusal);
    expect(() => connection.sendControl("ping", "", output)).toThrow(refusal);
    expect(() => connection.sendFramed([{ memory: Uint8Array.of(1), from: 0, to: 1 }], output)).toThrow(refusal);
    expect(output.byteLength).toBe(before);
  });
});

describe("control frames", () => {
  it.each(["ping", "pong"] as const)("a %s has at most 125 bytes", (type) => {
    const { connection, output } = new Endpoint();
    const refusal = expect.objectContaining({ code: "send/control-too-long" });
    expect(() => connection.sendControl(type, "é".repeat(63), output)).toThrow(refusal);
    expect(() => connection.sendControl(type, new Uint8Array(126), output)).toThrow(refusal);
    expect(output.byteLength).toBe(0);
    connection.sendControl(type, "x".repeat(125), output);
    connection.sendControl(type, new Uint8Array(125), output);
    expect(decodeFrames(Buffer.concat(output.take().map(bytesOf)), "server").map(({ opcode }) => opcode)).toEqual([
      opcodes[type],
      opcodes[type],
    ]);
  });
});

describe("a compressed message", () => {
  const compressed: TestFrame = { opcode: TEXT, payload: "zip", reserved: 4 };
  const compressedBytes: TestFrame = { opcode: BINARY, payload: "zip", reserved: 4 };
  const inflation = (text: string): Uint8Array => new TextEncoder().encode(text);

  it("is waited for: what comes meanwhile is held, and read in its order afterwards", () => {
    const end = new Endpoint();
    end.receive(compressed, { opcode: TEXT, payload: "1" });
    expect(end.connection.isInflating).toBe(true);
    end.receive({ opcode: TEXT, payload: "2" }, compressedBytes, { opcode: TEXT, payload: "3" });
    end.receive({ opcode: TEXT, payload: "4" });
    expect(end.types).toEqual(["compressed"]);

    end.inflated(inflation("zap"));
    expect(end.events.slice(1)).toEqual([
      { type: "message", data: "zap" },
      { type: "message", data: "1" },
      { type: "message", data: "2" },
      { type: "compressed", isText: false, payload: inflation("zip") },
    ]);
    expect(end.connection.isInflating).toBe(true);

    end.inflated(Uint8Array.of(0xff));
    expect(end.events.slice(5)).toEqual([
      { type: "message", data: Uint8Array.of(0xff) },
      { type: "message", data: "3" },
      { type: "message", data: "4" },
    ]);
    expect(end.connection.isInflating).toBe(false);
    end.receive({ opcode: PING });
    expect(end.types.at(-1)).toBe("ping");
  });

  it("is followed by what was kept, whatever becomes of the chunks that it came in", () => {
    const end = new Endpoint();
    const chunks: TestFrame[][] = [
      [compressed, { opcode: TEXT, payload: "1" }],
      [{ opcode: TEXT, payload: "2" }],
      [{ opcode: TEXT, payload: "3" }],
    ];
    for (const frames of chunks) {
      const chunk = encodeFrames(frames, "client");
      end.connection.receive(chunk, end.events);
      end.connection.keep();
      chunk.fill(0);
    }
    end.inflated(inflation("zap"));
    expect(end.events.slice(1)).toEqual(["zap", "1", "2", "3"].map((data) => ({ type: "message", data })));
    end.connection.keep();
  });

  it("that ends a chunk leaves nothing of it to be read again", () => {
    const end = new Endpoint();
    end.receive(compressed);
    end.inflated(inflation(""));
    end.receive({ opcode: TEXT, payload: "next" });
    expect(end.events.slice(1)).toEqual([
      { type: "message", data: "" },
      { type: "message", data: "next" },
    ]);
  });

  it("can be fragmented over chunks", () => {
    const end = new Endpoint();
    end.receive({ ...compressed, isFinal: false });
    end.receive({ opcode: CONTINUATION, payload: "zip" });
    expect(end.events).toEqual([{ type: "compressed", isText: true, payload: inflation("zipzip") }]);
  });

  it.each<[string, Inflation, string]>([
    ["does not inflate", "invalid", "message/not-deflated"],
    ["was given up as too large", "too-large", "message/too-large"],
    ["inflates to a byte more than the limit", new Uint8Array(MESSAGE_BYTES_MAX + 1), "message/too-large"],
    ["inflates to a text that is no UTF-8", Uint8Array.of(0x61, 0xff), "message/not-utf8"],
  ])("that %s fails the connection, and what was held is never read", (_name, result, code) => {
    const end = new Endpoint();
    end.receive(compressed, { opcode: TEXT, payload: "held" });
    end.receive({ opcode: TEXT, payload: "held too" });
    end.inflated(result);
    end.receive({ opcode: TEXT, payload: "after" });
    expect(end.types).toEqual(["compressed", code]);
    expect(end.connection.state).toBe("answering");
  });

  it("can be as long as the limit, and have U+FFFD in it", () => {
    const text = `\uFFFD${"x".repeat(MESSAGE_BYTES_MAX - 3)}`;
    const end = new Endpoint();
    end.receive(compressed);
    end.inflated(inflation(text));
    expect(end.events.at(-1)).toEqual({ type: "message", data: text });
  });

  it("is dropped when it is inflated after the transport ended", () => {
    const end = new Endpoint();
    end.receive(compressed, { opcode: TEXT, payload: "held" });
    end.connection.transportEnded();
    end.inflated(inflation("late"));
    expect(end.types).toEqual(["compressed"]);
    expect(end.connection.isInflating).toBe(false);
  });

  it("before a close is read before it", () => {
    const end = new Endpoint();
    end.receive(compressed, { opcode: CLOSE });
    expect(end.connection.state).toBe("open");
    end.inflated(inflation("last words"));
    expect(end.types).toEqual(["compressed", "message", "close"]);
  });
});

describe("a defect in a port", () => {
  it("is not blamed on the peer", () => {
    const broken = { ...portableTextCodec, decode: fail };
    const connection = new Connection({
      role: "server",
      writer: writerFor("server"),
      isDeflateNegotiated: false,
      messageBytesMax: MESSAGE_BYTES_MAX,
      fragmentsMax: 16,
      text: broken,
    });
    const events: ConnectionEvent[] = [];
    expect(() => connection.receive(encodeFrame({ opcode: TEXT, payload: "a" }, "client"), events)).toThrow(RangeError);
    expect(events).toEqual([]);
  });
});

function fail(): never {
  throw new RangeError("a defect");
}
