/**
 * What is measured against each other: how each server is started and what it speaks.
 *
 * @typedef {object} Start what a server is started with
 * @property {number} port
 * @property {"echo" | "fanout" | "rooms"} work
 * @property {boolean} deflate
 * @property {object} options what the whole system is told beside
 *
 * @typedef {object} Server
 * @property {string} name as the tables call it
 * @property {"raw" | "socketio" | "busbar"} dialect what it speaks
 * @property {string} path
 * @property {number} [rounds] how often it is measured at most: what is far away needs no exact figure
 * @property {number} [warmupMs] for how long it is warmed up: without a compiler at run time it needs little
 * @property {(start: Start) => readonly string[]} command
 */

const bun = "node_modules/.bin/bun";

/**
 * A server of WebSockets and nothing else.
 *
 * @param {string} name
 * @param {readonly string[]} program
 * @param {Pick<Server, "rounds" | "warmupMs">} [measured]
 * @returns {Server}
 */
const engine = (name, program, measured) => ({
  name,
  dialect: "raw",
  path: "/",
  ...measured,
  command: ({ deflate, port, work }) => [...program, String(port), work, ...(deflate ? ["deflate"] : [])],
});

/**
 * The whole of busbar.
 *
 * @param {string} durability
 * @returns {Server}
 */
const system = (durability) => ({
  name: `busbar, ${durability}`,
  dialect: "busbar",
  path: "/bus",
  command: ({ options, port, work }) => [
    process.execPath,
    "servers/busbar.mjs",
    String(port),
    work,
    JSON.stringify({ durability, ...options }),
  ],
});

/**
 * @param {string} name
 * @param {readonly string[]} words
 * @returns {Server}
 */
const socketIo = (name, words) => ({
  name,
  dialect: "socketio",
  path: "/socket.io/?EIO=4&transport=websocket",
  command: ({ port, work }) => [process.execPath, "servers/socketio.mjs", String(port), work, ...words],
});

/** @satisfies {Readonly<Record<string, Server>>} */
export const servers = {
  engine: engine("busbar, the engine", [process.execPath, "servers/busbar-engine.mjs"]),
  busbarBun: engine("busbar, the engine, on Bun", [bun, "servers/busbar-engine.mjs"]),
  ws: engine("ws", [process.execPath, "servers/ws.mjs"], { rounds: 2 }),
  uwebsockets: engine("uWebSockets.js", [process.execPath, "servers/uwebsockets.mjs"]),
  bun: engine("Bun.serve", [bun, "servers/bun-serve.mjs"], { rounds: 2 }),
  python: engine("websockets (Python)", ["/usr/bin/python3", "servers/websockets.py"], { rounds: 1, warmupMs: 500 }),
  bunFloor: engine("floor (Bun.listen)", [bun, "servers/bun-floor.mjs"], { rounds: 2, warmupMs: 1500 }),
  floor: engine("floor (C, epoll)", ["build/floor"], { rounds: 2, warmupMs: 500 }),
  memory: system("memory"),
  disk: system("disk"),
  socketio: socketIo("Socket.IO", []),
  recovery: socketIo("Socket.IO, recovery", ["recovery"]),
};
