/** Sends back every message: `npm run echo -- --port 9001`. */
import { parseArgs } from "node:util";
import { serve } from "busbar/websocket";
import { compression, limits } from "./limits.js";

const { values } = parseArgs({ options: { port: { type: "string", default: "9001" } } });

const server = await serve(
  (socket) => {
    socket.on("message", (message) => void socket.send(message));
  },
  { port: Number(values.port), compression, limits },
);
console.log(`echoing on ${server.url}`);
