/** Servers, sockets and logs of the engine that end with their test. */
import { onTestFinished } from "vitest";
import { connect, type ClientSocket } from "../../src/engine/connect.js";
import type { ConnectOptions, ServeOptions } from "../../src/engine/options.js";
import { serve } from "../../src/engine/serve.js";
import type { ServerSocket, SocketHandler } from "../../src/engine/socket-host.js";
import type { WebSocketServer } from "../../src/engine/web-socket-server.js";
import type { LogFields, Logger } from "../../src/kernel/logger.js";
import { TcpPeer, type RequestOptions } from "./tcp-peer.js";

export interface RunningServer {
  readonly server: WebSocketServer;
  readonly port: number;
  readonly url: string;
}

/** Serve on a free port of this machine until the test has ended. */
export async function startServer(handler: SocketHandler, options: ServeOptions = {}): Promise<RunningServer> {
  const server = await serve(handler, { host: "127.0.0.1", ...options });
  onTestFinished(() => server.close());
  return { server, port: server.port ?? 0, url: server.url ?? "" };
}

/** Open a client's socket, which is dropped when the test has ended. */
export async function openClient(url: string, options?: ConnectOptions): Promise<ClientSocket> {
  const socket = await connect(url, options);
  onTestFinished(async () => {
    socket.terminate();
    await socket.closed;
  });
  return socket;
}

/** Open a socket and say its bytes by hand. */
export async function openPeer(port: number, options?: RequestOptions): Promise<TcpPeer> {
  const peer = await TcpPeer.upgraded({ port }, options);
  onTestFinished(() => void peer.socket.destroy());
  return peer;
}

/** Connect without a handshake. */
export async function openTcp(port: number): Promise<TcpPeer> {
  const peer = await TcpPeer.connect({ port });
  onTestFinished(() => void peer.socket.destroy());
  return peer;
}

export const echo: SocketHandler = async (socket) => {
  for await (const message of socket) await socket.send(message);
};

/** A handler that hands its sockets to the test. */
export class SocketQueue {
  readonly #sockets: ServerSocket[] = [];
  readonly #waiting: (() => void)[] = [];

  readonly handler = (socket: ServerSocket): void => {
    this.#sockets.push(socket);
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  async next(): Promise<ServerSocket> {
    for (;;) {
      const socket = this.#sockets.shift();
      if (socket !== undefined) return socket;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

export interface LogLine {
  readonly level: keyof Logger;
  readonly event: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines, for the test to look at and to wait for. */
export class LogBook implements Logger {
  readonly lines: LogLine[] = [];
  readonly #waiting: (() => void)[] = [];

  debug(event: string, fields: LogFields = {}): void {
    this.#add({ level: "debug", event, fields });
  }

  info(event: string, fields: LogFields = {}): void {
    this.#add({ level: "info", event, fields });
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#add({ level: "warn", event, fields });
  }

  error(event: string, fields: LogFields = {}): void {
    this.#add({ level: "error", event, fields });
  }

  /** The first line of an event, as soon as there is one. */
  async line(event: string): Promise<LogLine> {
    for (;;) {
      const line = this.lines.find((one) => one.event === event);
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #add(line: LogLine): void {
    this.lines.push(line);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
