/** Bun's own server: `bun bun-serve.mjs PORT echo|fanout [deflate]`. */
const [, , port, work, deflate] = process.argv;
const isCompressed = deflate === "deflate";
const server = Bun.serve({
  port: Number(port),
  hostname: "127.0.0.1",
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no WebSocket", { status: 400 })),
  websocket: {
    idleTimeout: 0,
    sendPings: false,
    backpressureLimit: 64 * 1024 * 1024,
    perMessageDeflate: isCompressed,
    open: (socket) => void (work === "fanout" && socket.subscribe("all")),
    message(socket, message) {
      if (work === "echo") socket.send(message, isCompressed);
      else server.publish("all", message, isCompressed);
    },
  },
});
console.log("listening");
