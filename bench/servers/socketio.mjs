/** `node socketio.mjs PORT echo|fanout|rooms [recovery]` */
import { createServer } from "node:http";
import { Server } from "socket.io";

const [, , port, work, recovery] = process.argv;
const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  pingInterval: 600_000,
  pingTimeout: 600_000,
  maxHttpBufferSize: 2 * 1024 * 1024,
  ...(recovery === "recovery" && { connectionStateRecovery: {} }),
});
io.on("connection", (socket) => {
  socket.on("join", (...rooms) => {
    socket.join(rooms);
    socket.emit("joined");
  });
  socket.on("m", (...data) => {
    if (work === "echo") socket.emit("m", data[0]);
    else if (work === "rooms") io.to(data[0]).emit("m", data[1]);
    else io.emit("m", data[0]);
  });
});
http.listen(Number(port), "127.0.0.1", 4096, () => console.log("listening"));
