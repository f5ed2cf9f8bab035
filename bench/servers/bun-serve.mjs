/** Bun's own server: `bun bun-serve.mjs PORT echo|fanout`. */
const [, , port, work] = process.argv;
const server = Bun.serve({
  port: Number(port),
  hostname: "127.0.0.1",
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no WebSocket", { status: 400 })),
  websocket: {
    idleTimeout: 0,
    sendPings: false,
    backpressureLimit: 64 * 1024 * 1024,
    open: (socket) => void (work === "fanout" && socket.subscribe("all")),
    message(socket, message) {
      if (work === "echo") socket.send(message);
      else server.publish("all", message);
    },
  },
});
console.log("listening");
