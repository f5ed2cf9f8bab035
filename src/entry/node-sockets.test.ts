import { afterEach, describe, expect, it } from "vitest";
import { serve } from "../engine/serve.js";
import type { ServerSocket, SocketHandler } from "../engine/socket-host.js";
import type { WebSocketServer } from "../engine/web-socket-server.js";
import { nodeSockets } from "./node-sockets.js";

const servers: WebSocketServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serveWith(handler: SocketHandler): Promise<string> {
  const server = await serve(handler, { host: "127.0.0.1", port: 0, subprotocols: ["busbar.v1"] });
  servers.push(server);
  return String(server.url);
}

/** Open a socket; `next()` resolves with the next thing that its listener is told. */
function open(url: string) {
  const told: unknown[] = [];
  let wake: (() => void) | undefined;
  const tell = (what: unknown): void => {
    told.push(what);
    wake?.();
  };
  const socket = nodeSockets().open(url, "busbar.v1", {
    socketOpened: () => tell("opened"),
    messageReceived: tell,
    socketClosed: tell,
  });
  const next = async (): Promise<unknown> => {
    while (told.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return told.shift();
  };
  return { socket, next };
}

const echo = async (socket: ServerSocket): Promise<void> => {
  for await (const message of socket) await socket.send(message);
};

describe("Node's sockets for the client", () => {
  it("open with the subprotocol, send, receive and close", async () => {
    const protocols: string[] = [];
    const url = await serveWith(async (socket) => {
      protocols.push(socket.protocol);
      await echo(socket);
    });
    const { socket, next } = open(url);
    expect(await next()).toBe("opened");
    socket.send("hello");
    expect(await next()).toBe("hello");
    socket.close(1000);
    expect(await next()).toEqual({ code: 1000, reason: "" });
    expect(protocols).toEqual(["busbar.v1"]);
  });

  it("tell a binary message as one that is none", async () => {
    const url = await serveWith((socket) => socket.send(new Uint8Array([1])));
    const { next } = open(url);
    expect([await next(), await next()]).toEqual(["opened", undefined]);
  });

  it("tell the server's close code and reason, also when it closes at once", async () => {
    const url = await serveWith(async (socket) => {
      await socket.close(4002, "who?");
    });
    const { next } = open(url);
    expect([await next(), await next()]).toEqual(["opened", { code: 4002, reason: "who?" }]);
  });

  it("tell a server that is not there as a connection that ended", async () => {
    const url = await serveWith(echo);
    await servers.pop()?.close();
    const { next } = open(url);
    expect(await next()).toMatchObject({ code: 1006, reason: expect.stringContaining("ECONNREFUSED") });
  });

  it("can be closed before they are open", async () => {
    let connections = 0;
    const url = await serveWith(async (socket) => {
      connections++;
      await echo(socket);
    });
    const { socket, next } = open(url);
    socket.close(1000);
    expect(await next()).toMatchObject({ code: 1006 });
    expect(connections).toBe(0);
  });
});
