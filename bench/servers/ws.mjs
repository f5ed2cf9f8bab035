/** `node ws.mjs PORT echo|fanout [deflate]`. It compresses as we do: zlib's level 1, each message by itself. */
import { WebSocketServer } from "ws";

const [, , port, work, deflate] = process.argv;
const server = new WebSocketServer({
  port: Number(port),
  host: "127.0.0.1",
  perMessageDeflate: deflate === "deflate" && { zlibDeflateOptions: { level: 1 }, threshold: 1024 },
  backlog: 4096,
});
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => {
    if (work === "echo") socket.send(data, { binary: isBinary });
    else for (const client of server.clients) client.send(data, { binary: isBinary });
  });
});
server.on("listening", () => console.log("listening"));
