/** A server that answers a client exactly what the test says, and then does what it says. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What a client asked for. */
export interface ClientRequest {
  readonly startLine: string;
  readonly headers: ReadonlyMap<string, string>;
  /** The accept key that answers it. */
  readonly accept: string;
}

export interface ScriptedServer {
  readonly port: number;
  readonly url: string;
  /** Connections that are open. */
  readonly connections: ReadonlySet<Socket>;
  /** Resolves when the last connection has gone. */
  empty(): Promise<void>;
}

/** Listen until the test is over; `answer` is called when a request has come. */
export async function scriptedServer(
  answer: (socket: Socket, request: ClientRequest) => void,
  onConnection: (socket: Socket) => void = () => {},
): Promise<ScriptedServer> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      connections.delete(socket);
      if (connections.size === 0) server.emit("empty");
    });
    onConnection(socket);
    let head = "";
    const onData = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", onData);
      answer(socket, requestOf(head));
    };
    socket.on("data", onData);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `ws://127.0.0.1:${port}/`,
    connections,
    empty: async () => {
      if (connections.size > 0) await once(server, "empty");
    },
  };
}

function requestOf(head: string): ClientRequest {
  const [startLine = "", ...lines] = head.slice(0, head.indexOf("\r\n\r\n")).split("\r\n");
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const accept = createHash("sha1")
    .update(`${headers.get("sec-websocket-key")}${GUID}`)
    .digest("base64");
  return { startLine, headers, accept };
}

/** The head of an answer that opens a WebSocket. */
export function switching({ accept }: ClientRequest, headers: Readonly<Record<string, string>> = {}): string {
  const all = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": accept, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`;
}
