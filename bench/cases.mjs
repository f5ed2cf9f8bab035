/**
 * What is measured. A case is one load on several servers; each server is a row of its table, the first of them ours.
 *
 * @typedef {object} Case
 * @property {string} name for `npm run bench -- NAME`
 * @property {"engine" | "system"} group
 * @property {string} title
 * @property {string} [short] the title in the chart, where there is no room for the other
 * @property {string} per what one operation is
 * @property {"echo" | "fanout" | "idle" | "handshake" | "resume" | "history" | "presence"} mode
 * @property {number} conns
 * @property {number} size bytes of a message
 * @property {number} inflight messages under way, for each connection (echo) or in all
 * @property {readonly string[]} servers
 * @property {boolean} [deflate] permessage-deflate
 * @property {number} [rooms] so many rooms …
 * @property {number} [members] … with so many members each
 * @property {string} [halfOf] at a fixed rate: half of what the server did in this case
 * @property {number} [missed] resume: messages that each client missed; history: messages that are read at once
 * @property {number} [history] messages in the log from the beginning
 * @property {object} [options] for the whole system
 * @property {number} [rounds] how often it is measured at most
 * @property {number} [msMin] it is measured for so long at least
 * @property {number} [warmupMs] and not measured for so long before
 * @property {Readonly<Record<string, number>>} [connsOf] servers with fewer connections
 * @property {string} [note] what is to be known when reading the table
 */

const engines = ["engine", "busbarBun", "ws", "uwebsockets", "bun", "python", "bunFloor", "floor"];
const compressing = ["engine", "busbarBun", "ws", "uwebsockets", "bun"];
const systems = ["memory", "disk", "socketio", "recovery"];

/** @param {Partial<Case> & { name: string, title: string }} one @returns {Case} */
const echo = (one) => ({
  group: "engine",
  per: "echo",
  mode: "echo",
  conns: 64,
  size: 64,
  inflight: 1,
  servers: engines,
  ...one,
});

/** @param {Partial<Case> & { name: string, title: string }} one @returns {Case} */
const fanout = (one) => ({
  group: "engine",
  per: "delivery",
  mode: "fanout",
  conns: 1000,
  size: 64,
  inflight: 1,
  servers: engines,
  ...one,
});

/** @param {Partial<Case> & { name: string, title: string }} one @returns {Case} */
const system = (one) => fanout({ group: "system", servers: systems, ...one });

const idleNote =
  "*At first* is when all have just come, *idle* when nothing happened for 110 s: by then a collector has given back what coming took. Both are beside the server before anybody came, with what its own start had left uncollected; where that is given back, too, each takes some hundred bytes more than is told.";

/** @type {readonly Case[]} */
export const cases = [
  echo({ name: "echo-1", title: "Echo, 64 connections, 64 B, one in flight" }),
  echo({ name: "echo-16", title: "Echo, 64 connections, 64 B, 16 in flight", inflight: 16 }),
  echo({ name: "echo-16k", title: "Echo, 64 connections, 16 KiB, one in flight", size: 16_384 }),
  fanout({ name: "fanout-1", title: "Fan-out to 1,000, 64 B, one in flight" }),
  fanout({ name: "fanout-8", title: "Fan-out to 1,000, 64 B, 8 in flight", inflight: 8 }),
  fanout({ name: "fanout-1k", title: "Fan-out to 1,000, 1 KiB, 4 in flight", size: 1024, inflight: 4 }),
  echo({ name: "handshakes", title: "Handshakes, 64 at once", mode: "handshake", per: "handshake", warmupMs: 3000 }),
  echo({
    name: "idle",
    title: "10,000 idle connections",
    mode: "idle",
    per: "connection",
    conns: 10_000,
    note: idleNote,
  }),
  echo({
    name: "deflate-echo",
    short: "Compressed echo, 1.1 KB of JSON",
    title: "Compressed echo, 64 connections, 1.1 KB of JSON, one in flight",
    size: 1100,
    deflate: true,
    rounds: 2,
    servers: compressing,
  }),
  fanout({
    name: "deflate-fanout",
    short: "Compressed fan-out to 1,000, 1.1 KB of JSON",
    title: "Compressed fan-out to 1,000, 1.1 KB of JSON, 8 in flight",
    size: 1100,
    inflight: 8,
    deflate: true,
    rounds: 2,
    servers: compressing,
  }),
  system({ name: "system-1", title: "Fan-out to 1,000, 64 B, one in flight" }),
  system({ name: "system-8", title: "Fan-out to 1,000, 64 B, 8 in flight", inflight: 8 }),
  system({
    name: "system-half",
    title: "Fan-out to 1,000, 64 B, at half the highest rate",
    halfOf: "system-8",
    servers: ["memory", "disk", "socketio", "floor"],
    rounds: 3,
    msMin: 2000,
    note: "The rate is fixed: half of what the server did with 8 in flight, and for the floor, which shows what the machine itself adds, half of what busbar did in memory. A latency counts from when the message should have been sent.",
  }),
  system({
    name: "system-10k",
    title: "Fan-out to 10,000, 64 B, 8 in flight",
    conns: 10_000,
    inflight: 8,
    rounds: 2,
    servers: ["memory", "disk", "socketio"],
  }),
  system({
    name: "system-10k-half",
    title: "Fan-out to 10,000, 64 B, at half the highest rate",
    conns: 10_000,
    halfOf: "system-10k",
    rounds: 1,
    msMin: 2000,
    servers: ["memory", "disk", "socketio", "floor"],
  }),
  system({
    name: "publish-256",
    title: "Publishing to one subscriber, 64 B, 256 in flight",
    per: "publish",
    conns: 1,
    inflight: 256,
  }),
  system({
    name: "rooms",
    title: "1,000 rooms of 10, 64 B, 256 in flight in all",
    conns: 10_000,
    rooms: 1000,
    members: 10,
    inflight: 256,
    rounds: 1,
    servers: ["memory", "disk", "socketio"],
  }),
  system({
    name: "resume",
    short: "5,000 clients resume, 1,000 missed each",
    title: "5,000 clients come back at once, 1,000 missed messages each",
    per: "message",
    mode: "resume",
    conns: 5001,
    inflight: 256,
    missed: 1000,
    rounds: 1,
    servers: ["memory", "disk", "recovery"],
    connsOf: { recovery: 1001 },
    note: "Latencies are from a client's connecting until it has all that it missed. With Socket.IO it is 1,000 clients, so that it does not take too long: what counts is the cost for a message.",
  }),
  system({
    name: "history",
    short: "Reading the last 100 messages",
    title: "16 clients read the last 100 messages, again and again",
    per: "message",
    mode: "history",
    conns: 16,
    missed: 100,
    history: 10_000,
    rounds: 3,
    servers: ["memory", "disk"],
    note: "Latencies are those of whole reads.",
  }),
  system({
    name: "presence",
    short: "Presence with 1,000 members",
    title: "Presence with 1,000 members, who change their states, 100 changes under way",
    per: "change told to one member",
    mode: "presence",
    inflight: 100,
    rounds: 1,
    msMin: 3000,
    options: { presence: true },
    servers: ["memory", "disk"],
    note: "Changes are gathered, and 1,000 members are told at most once a second: the latency is that, and the rate follows from it.",
  }),
  system({
    name: "idle-3",
    short: "Idle clients with three subscriptions",
    title: "10,000 idle clients with a session and three subscriptions each",
    mode: "idle",
    per: "client",
    conns: 10_000,
    rooms: 3000,
    members: 10,
    servers: ["memory", "disk", "socketio"],
    note: `3,000 channels with 10 subscribers each; with Socket.IO as many rooms. ${idleNote}`,
  }),
];
