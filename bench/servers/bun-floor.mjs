/**
 * The floor under Bun: `bun bun-floor.mjs PORT echo|fanout`. A WebSocket server on Bun's TCP that does as little as JavaScript can:
 * it checks nothing that comes, makes no strings of text, knows no limits, and ends a connection with the peer's close frame.
 */
import { createHash } from "node:crypto";

const [, , port, work] = process.argv;
const BYTES_MAX = 1 << 21;
/** Frames are copied here and unmasked by words. */
const bytes = new Uint8Array(BYTES_MAX);
const words = new Int32Array(bytes.buffer);
const sockets = new Set();
/** What is broadcast when the turn ends. */
let turn = [];

function accept(socket, request) {
  const key = /sec-websocket-key: *(\S+)/i.exec(request)[1];
  const accepted = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.data.isOpen = true;
  sockets.add(socket);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
  );
}

/** All whole frames of a chunk as a server sends them, in one piece; the rest waits for the next chunk. */
function answerTo(socket, chunk) {
  const before = socket.data.rest;
  const from = before === undefined ? chunk : joined([before, chunk]);
  const answer = new Uint8Array(from.length);
  let at = 0;
  let to = 0;
  while (from.length - at >= 6) {
    const isLong = (from[at + 1] & 127) === 126;
    const length = isLong ? (from[at + 2] << 8) | from[at + 3] : from[at + 1] & 127;
    const keyAt = at + (isLong ? 4 : 2);
    const end = keyAt + 4 + length;
    if (end > from.length) break;
    if ((from[at] & 15) === 8) socket.end();
    bytes.set(from.subarray(keyAt, end));
    const key = words[0];
    for (let word = 1; word < (length + 7) >> 2; word++) words[word] ^= key;
    answer[to++] = from[at];
    answer[to++] = isLong ? 126 : length;
    if (isLong) {
      answer[to++] = length >> 8;
      answer[to++] = length;
    }
    answer.set(bytes.subarray(4, 4 + length), to);
    to += length;
    at = end;
  }
  socket.data.rest = at < from.length ? from.slice(at) : undefined;
  return answer.subarray(0, to);
}

function joined(pieces) {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function send(socket, piece) {
  const { waiting } = socket.data;
  if (waiting.length > 0) return void waiting.push(piece);
  const taken = socket.write(piece);
  if (taken < piece.length) waiting.push(piece.subarray(Math.max(taken, 0)));
}

function endTurn() {
  const all = joined(turn);
  turn = [];
  for (const socket of sockets) send(socket, all);
}

Bun.listen({
  hostname: "127.0.0.1",
  port: Number(port),
  socket: {
    open(socket) {
      socket.data = { isOpen: false, rest: undefined, waiting: [] };
    },
    data(socket, chunk) {
      if (!socket.data.isOpen) return accept(socket, chunk.toString("latin1"));
      const answer = answerTo(socket, chunk);
      if (answer.length === 0) return;
      if (work === "echo") return send(socket, answer);
      if (turn.push(answer) === 1) setImmediate(endTurn);
    },
    drain(socket) {
      const all = socket.data.waiting;
      socket.data.waiting = [];
      for (const piece of all) send(socket, piece);
    },
    close: (socket) => void sockets.delete(socket),
    error() {},
  },
});
console.log("listening");
