import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { app, users, type App } from "../../test/support/bus-ground.js";
import { basic } from "../engine/passwords.js";
import { HandshakeRequest } from "../engine/handshake-request.js";
import type { ServerSocket } from "../engine/socket-host.js";
import { silentLogger, type LogFields } from "../kernel/logger.js";
import { HeaderMap } from "../protocol/header-map.js";
import type { PreparedMessage } from "../websocket/prepared-message.js";
import type { WebSocketEvents } from "../websocket/web-socket-events.js";
import { Bus } from "./bus.js";
import { nobodyYet } from "./handshake-authenticator.js";
import type { BusOptions } from "./options.js";

/** A socket that notes what is done to it. */
class FakeSocket {
  readonly request: HandshakeRequest = new HandshakeRequest("/bus", new HeaderMap([]), "192.0.2.1");
  readonly principal = nobodyYet;
  readonly protocol: string;
  readonly bufferedBytes = 0;
  readonly sent: Record<string, unknown>[] = [];
  readonly closes: unknown[][] = [];
  readonly #listeners = new Map<string, (event: never) => void>();

  constructor(protocol = "busbar.v1") {
    this.protocol = protocol;
  }

  offer({ data }: PreparedMessage): boolean {
    return this.sent.push(JSON.parse(String(data))) > 0;
  }

  async close(...how: unknown[]): Promise<void> {
    this.closes.push(how);
  }

  on(name: string, listener: (event: never) => void): void {
    this.#listeners.set(name, listener);
  }

  emit<Name extends keyof WebSocketEvents>(name: Name, event: WebSocketEvents[Name]): void {
    this.#listeners.get(name)?.(event as never);
  }
}

describe("a bus", () => {
  let lines: [string, LogFields | undefined][];
  let options: BusOptions<App>;
  let bus: Bus<App>;
  beforeEach(async () => {
    lines = [];
    const logger = { ...silentLogger, warn: (event: string, fields?: LogFields) => void lines.push([event, fields]) };
    options = { authenticate: basic(users), logger };
    bus = await Bus.open(app, options);
  });
  afterEach(() => bus.close());

  const take = (socket: FakeSocket): FakeSocket => {
    bus.take(socket as unknown as ServerSocket);
    return socket;
  };

  it("makes a session of a socket, until it closes", async () => {
    const socket = take(new FakeSocket());
    socket.emit("message", '{"id":1,"do":"leave","channel":"a"}');
    socket.emit("drain", undefined);
    expect(socket.sent).toMatchObject([{ re: 1, error: { code: "wire/hello-first" } }]);
    expect(bus.connections).toBe(1);
    socket.emit("close", { code: 1006, reason: "", wasClean: false });
    expect(bus.connections).toBe(0);
  });

  it("knows nobody who said nothing at the handshake", async () => {
    const socket = take(new FakeSocket());
    socket.emit("message", '{"id":1,"do":"hello"}');
    await new Promise((resolve) => setImmediate(resolve));
    expect(socket.closes).toMatchObject([[4002, expect.any(String)]]);
    socket.emit("close", { code: 4002, reason: "", wasClean: true });
  });

  it("sends sockets away that do not speak its language", () => {
    const socket = take(new FakeSocket(""));
    expect(socket.closes).toMatchObject([[4004, expect.any(String)]]);
    expect(bus.connections).toBe(0);
    expect(lines).toEqual([["server/wrong-subprotocol", { address: "192.0.2.1" }]]);
  });

  it("publishes to the channels of its contract alone", async () => {
    expect(await bus.publish("board/a", 1)).toMatchObject({ stage: "delivered" });
    for (const name of ["nowhere", "board/a b", ""]) {
      await expect(bus.publish(name, 1)).rejects.toMatchObject({ code: "channel/unknown" });
    }
  });

  it("publishes several messages in their order, and says of each what became of it", async () => {
    const outcomes = await bus.publishAll("chat/lobby", [{ text: "1" }, { text: "" }, { text: "2" }]);
    expect(outcomes).toMatchObject([
      { stage: "delivered", position: { offset: 1 } },
      { stage: "refused", error: { code: "message/invalid" } },
      { stage: "delivered", position: { offset: 2 } },
    ]);
  });

  it("knows the clients that have said who they are, and can ask them for what they offer", async () => {
    const socket = take(new FakeSocket());
    expect([...bus.clients()]).toEqual([]);
    const auth = { scheme: "basic", username: "ada", password: "lovelace" };
    socket.emit("message", JSON.stringify({ id: 1, do: "hello", auth }));
    await new Promise((resolve) => setImmediate(resolve));
    const [ada] = bus.clients();
    expect(ada).toMatchObject({ session: expect.any(String), principal: { id: "ada" } });
    // @ts-expect-error the contract has no calls
    await expect(ada?.call("confirm", "sure?")).rejects.toMatchObject({ code: "call/unknown" });
    socket.emit("close", { code: 1000, reason: "", wasClean: true });
  });

  it("does not begin where a channel wants a disk and there is none", async () => {
    const durable = contract({ a: channel({ message: z.string(), durability: "disk" }) });
    await expect(Bus.open(durable, { authenticate: basic(users) })).rejects.toMatchObject({
      code: "server/not-durable",
      message: expect.stringContaining('store: "./data"'),
    });
  });

  it("says goodbye to each session with a time of its own, and publishes nothing more", async () => {
    const sockets = Array.from({ length: 20 }, () => take(new FakeSocket()));
    await bus.departure({ drainMs: 0, retryAfterMs: 100 }).run();
    await bus.stopProcessing();
    const times = sockets.map(({ sent }) => Number(sent.at(-1)?.["retryAfterMs"]));
    for (const time of times) expect(time >= 100 && time <= 200).toBe(true);
    expect(new Set(times).size).toBeGreaterThan(5);
    await expect(bus.publish("board/a", 1)).rejects.toMatchObject({ code: "server/stopping" });
  });

  it("leaves room in a socket for replies beyond what its session may have waiting", () => {
    const { limits } = bus.socketOptions({ ...options, limits: { socket: { headersMax: 5 } } });
    expect(limits).toMatchObject({ messageBytesMax: 65_536, headersMax: 5, outboxBytesMax: 2 * 1_048_576 });
  });

  it("asks for its subprotocol on its path", () => {
    expect(bus.socketOptions(options)).toMatchObject({ path: "/bus", origins: "same", subprotocols: ["busbar.v1"] });
    const chosen = { path: "/p", origins: "any", compression: true, keepalive: false } as const;
    expect(bus.socketOptions({ ...options, ...chosen })).toMatchObject(chosen);
  });
});
