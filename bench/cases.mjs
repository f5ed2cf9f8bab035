/**
 * What is measured. A case is one load on several servers; each server is a row of its table, the first of them ours.
 *
 * @typedef {object} Server
 * @property {string} name as the tables call it
 * @property {readonly string[]} command what to run; PORT and WORK are filled in
 * @property {"raw" | "socketio" | "busbar"} dialect what it speaks
 * @property {string} path
 *
 * @typedef {object} Case
 * @property {string} name for `npm run bench -- NAME`
 * @property {string} title
 * @property {"echo" | "fanout" | "idle" | "handshake"} mode
 * @property {number} conns
 * @property {number} size bytes of a message
 * @property {number} inflight messages under way, for each connection (echo) or in all (fan-out)
 * @property {readonly string[]} servers
 */

const script = (/** @type {string} */ file, /** @type {string[]} */ ...more) => [
  process.execPath,
  `servers/${file}.mjs`,
  "PORT",
  "WORK",
  ...more,
];

/** @type {Readonly<Record<string, Server>>} */
export const servers = {
  engine: { name: "busbar, the engine", command: script("busbar-engine"), dialect: "raw", path: "/" },
  ws: { name: "ws", command: script("ws"), dialect: "raw", path: "/" },
  uwebsockets: { name: "uWebSockets.js", command: script("uwebsockets"), dialect: "raw", path: "/" },
  bun: {
    name: "Bun.serve",
    command: ["node_modules/.bin/bun", "servers/bun-serve.mjs", "PORT", "WORK"],
    dialect: "raw",
    path: "/",
  },
  engineBun: {
    name: "busbar, the engine under Bun",
    command: ["node_modules/.bin/bun", "servers/busbar-bun.mjs", "PORT", "WORK"],
    dialect: "raw",
    path: "/",
  },
  python: {
    name: "websockets (Python)",
    command: ["/usr/bin/python3", "servers/websockets.py", "PORT", "WORK"],
    dialect: "raw",
    path: "/",
  },
  floor: { name: "floor (C, epoll)", command: ["build/floor", "PORT", "WORK"], dialect: "raw", path: "/" },
  memory: { name: "busbar, memory", command: script("busbar", "memory"), dialect: "busbar", path: "/bus" },
  disk: { name: "busbar, disk", command: script("busbar", "disk"), dialect: "busbar", path: "/bus" },
  socketio: {
    name: "Socket.IO",
    command: script("socketio"),
    dialect: "socketio",
    path: "/socket.io/?EIO=4&transport=websocket",
  },
  recovery: {
    name: "Socket.IO, recovery",
    command: script("socketio", "recovery"),
    dialect: "socketio",
    path: "/socket.io/?EIO=4&transport=websocket",
  },
};

const engines = ["engine", "engineBun", "ws", "uwebsockets", "bun", "python", "floor"];
const systems = ["memory", "disk", "socketio", "recovery"];

/** @type {readonly Case[]} */
export const cases = [
  {
    name: "echo-1",
    title: "Echo, 64 connections, 64 B, one in flight",
    mode: "echo",
    conns: 64,
    size: 64,
    inflight: 1,
    servers: engines,
  },
  {
    name: "echo-16",
    title: "Echo, 64 connections, 64 B, 16 in flight",
    mode: "echo",
    conns: 64,
    size: 64,
    inflight: 16,
    servers: engines,
  },
  {
    name: "echo-16k",
    title: "Echo, 64 connections, 16 KiB, one in flight",
    mode: "echo",
    conns: 64,
    size: 16_384,
    inflight: 1,
    servers: engines,
  },
  {
    name: "fanout-1",
    title: "Fan-out to 1,000, 64 B, one in flight",
    mode: "fanout",
    conns: 1000,
    size: 64,
    inflight: 1,
    servers: engines,
  },
  {
    name: "fanout-8",
    title: "Fan-out to 1,000, 64 B, 8 in flight",
    mode: "fanout",
    conns: 1000,
    size: 64,
    inflight: 8,
    servers: engines,
  },
  {
    name: "fanout-1k",
    title: "Fan-out to 1,000, 1 KiB, 4 in flight",
    mode: "fanout",
    conns: 1000,
    size: 1024,
    inflight: 4,
    servers: engines,
  },
  {
    name: "handshakes",
    title: "Handshakes, 64 at once",
    mode: "handshake",
    conns: 64,
    size: 64,
    inflight: 1,
    servers: engines,
  },
  {
    name: "idle",
    title: "10,000 idle connections",
    mode: "idle",
    conns: 10_000,
    size: 64,
    inflight: 1,
    servers: engines,
  },
  {
    name: "system-1",
    title: "Whole system: fan-out to 1,000, 64 B, one in flight",
    mode: "fanout",
    conns: 1000,
    size: 64,
    inflight: 1,
    servers: systems,
  },
  {
    name: "system-8",
    title: "Whole system: fan-out to 1,000, 64 B, 8 in flight",
    mode: "fanout",
    conns: 1000,
    size: 64,
    inflight: 8,
    servers: systems,
  },
  {
    name: "publish-256",
    title: "Whole system: publishing to one subscriber, 64 B, 256 in flight",
    mode: "fanout",
    conns: 1,
    size: 64,
    inflight: 256,
    servers: systems,
  },
];
