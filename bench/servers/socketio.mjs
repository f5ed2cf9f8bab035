/** `node socketio.mjs PORT echo|fanout [recovery]` */
import { createServer } from "node:http";
import { Server } from "socket.io";

const [, , port, work, recovery] = process.argv;
const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  pingInterval: 600_000,
  pingTimeout: 600_000,
  ...(recovery === "recovery" && { connectionStateRecovery: {} }),
});
io.on("connection", (socket) => {
  socket.on("m", (data) => {
    if (work === "echo") socket.emit("m", data);
    else io.emit("m", data);
  });
});
http.listen(Number(port), "127.0.0.1", 4096, () => console.log("listening"));
