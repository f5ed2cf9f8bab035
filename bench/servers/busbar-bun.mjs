/** The engine under Bun, on Bun's TCP: `bun busbar-bun.mjs PORT echo|fanout`. */
import { broadcast, serve } from "../../dist/engine/index-bun.js";

const [, , port, work] = process.argv;
const logger = { debug() {}, info() {}, warn() {}, error: console.error };
const server = await serve(
  (socket) => {
    if (work === "echo") socket.on("message", (message) => void socket.send(message));
    else socket.on("message", (message) => void broadcast(server.sockets, message));
  },
  { port: Number(port), host: "127.0.0.1", keepalive: false, logger, origins: "any" },
);
console.log("listening");
process.once("SIGINT", () => process.exit());
