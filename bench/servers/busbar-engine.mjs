/** The engine by itself: `node busbar-engine.mjs PORT echo|fanout [deflate]`, or the same with `bun`. */
// Where a program that has installed the package is led by its export conditions.
const build = process.versions.bun === undefined ? "index" : "index-bun";
const { broadcast, serve } = await import(`../../dist/engine/${build}.js`);

const [, , port, work, deflate] = process.argv;
const logger = { debug() {}, info() {}, warn() {}, error: console.error };
const server = await serve(
  (socket) => {
    if (work === "echo") socket.on("message", (message) => void socket.send(message));
    else socket.on("message", (message) => void broadcast(server.sockets, message));
  },
  {
    port: Number(port),
    host: "127.0.0.1",
    keepalive: false,
    logger,
    origins: "any",
    compression: deflate === "deflate",
    limits: { messageBytesMax: 2 * 1024 * 1024, outboxBytesMax: 64 * 1024 * 1024 },
  },
);
console.log("listening");
process.once("SIGINT", () => process.exit());
