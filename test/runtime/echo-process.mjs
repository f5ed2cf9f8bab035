/**
 * The built engine in a process of its own, under Node or under Bun: an echo that listens by itself, one with TLS, one on
 * a Unix socket, one that is attached to an HTTP server, and the whole of busbar. Prints where they are; ends them when its
 * input ends.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import process from "node:process";
import { channel, contract } from "busbar";
import { anonymous, serve as serveBus } from "busbar/server";
import { attach, broadcast, serve } from "busbar/websocket";

/** @type {{ readonly key: string; readonly cert: string; readonly socketPath: string }} */
const { key, cert, socketPath } = JSON.parse(process.argv[2] ?? "{}");

/** @type {() => void} */
let openGate = () => {};
/** @type {Promise<void>} */
const gate = new Promise((resolve) => (openGate = resolve));

/**
 * What each path is for.
 *
 * @type {Readonly<Record<string, (socket: import("busbar/websocket").ServerSocket) => void | Promise<void>>>}
 */
const handlers = {
  "/flood": async (socket) => socket.send(new Uint8Array(16 * 1024 * 1024).fill(7)),
  "/later": async (socket) => {
    await gate;
    for await (const message of socket) await socket.send(message);
  },
  "/gate": (socket) => void socket.on("message", openGate),
  "/all": (socket) =>
    void socket.on("message", (message) => {
      void broadcast(
        [...server.sockets].filter(({ request }) => request.path === "/all"),
        message,
      );
    }),
};

/** @param {import("busbar/websocket").ServerSocket} socket */
function handler(socket) {
  const handle = handlers[socket.request.path];
  if (handle !== undefined) return handle(socket);
  return void socket.on("message", (message) => void socket.send(message));
}

const limits = {
  messageBytesMax: 32 * 1024 * 1024,
  fragmentsMax: Number.POSITIVE_INFINITY,
  outboxBytesMax: Number.POSITIVE_INFINITY,
};
const options = { limits, host: "127.0.0.1", compression: { fromBytes: 0, contextTakeover: true } };
const server = await serve(handler, options);
const secure = await serve(handler, { ...options, tls: { key, cert } });
const local = await serve(handler, { limits, socketPath });
const http = createServer();
const attached = attach(http, { handler, limits });
await new Promise((resolve) => void http.listen(0, "127.0.0.1", () => resolve(undefined)));
const address = http.address();
const attachedPort = typeof address === "object" && address !== null ? address.port : 0;

/** @type {import("busbar").StandardSchema<string>} */
const text = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (typeof value === "string" ? { value } : { issues: [{ message: "must be a string" }] }),
  },
};
const allow = { subscribe: ["all"], publish: ["all"] };
const app = contract({ "chat/:room": channel({ message: text, allow, history: { keep: 100 } }) });
const bus = await serveBus(app, {
  host: "127.0.0.1",
  port: 0,
  authenticate: anonymous({ roles: ["all"] }),
  logger: { debug() {}, info() {}, warn() {}, error: console.error },
});

const runtime = "Bun" in globalThis ? "bun" : "node";
const entry = import.meta.resolve("busbar/websocket").replace(/^.*[/]dist[/]/, "");
const ports = { port: server.port, securePort: secure.port, attachedPort };
console.log(JSON.stringify({ runtime, entry, ...ports, busUrl: bus.url }));
process.stdin.resume();
await once(process.stdin, "end");
http.close();
await Promise.all([server, secure, local, attached, bus].map((one) => one.close()));
console.log("closed");
