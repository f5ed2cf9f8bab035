/**
 * What of an echo goes into unmasking and into UTF-8, at 64 KiB: `npm run build && node bench/frame-parts.mjs`.
 *
 * The parts are measured alone, and the echo whole: one connection over loopback with one message in flight, CPU time of
 * the process that serves. Medians of several rounds; the ratios are what counts.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { nodeTextCodec } from "../dist/adapters/node/text-codec.js";
import { connect, serve } from "../dist/engine/index.js";
import { Masker } from "../dist/protocol/mask.js";
import { Utf8Validator } from "../dist/protocol/utf8.js";

const BYTES = 64 * 1024;
const ROUNDS = 7;
const TIMES = 2000;

const texts = {
  ASCII: "*".repeat(BYTES),
  "Greek and emoji": "κόσμε 🙂 ".repeat(BYTES).slice(0, 32_000),
};

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

/**
 * Microseconds for one call, median of the rounds.
 *
 * @param {() => unknown} task
 */
function timeOf(task) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const from = process.hrtime.bigint();
    for (let time = 0; time < TIMES; time++) task();
    return Number(process.hrtime.bigint() - from) / 1000 / TIMES;
  });
  return median(rounds);
}

/**
 * CPU microseconds of the server for one echo, median of the rounds.
 *
 * @param {string} text
 */
async function echoTime(text) {
  const server = fork(new URL(import.meta.url), ["serve"]);
  const [port] = await once(server, "message");
  const socket = await connect(`ws://127.0.0.1:${port}`);
  const messages = socket[Symbol.asyncIterator]();
  const cpuOf = async () => {
    server.send("cpu");
    return (await once(server, "message"))[0];
  };
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const from = await cpuOf();
    for (let time = 0; time < TIMES; time++) {
      await socket.send(text);
      const { value } = await messages.next();
      if (value.length !== text.length) throw new Error("the echo came back changed");
    }
    rounds.push(((await cpuOf()) - from) / TIMES);
  }
  await socket.close();
  server.disconnect();
  return median(rounds);
}

async function measure() {
  const masker = new Masker();
  const validator = new Utf8Validator(nodeTextCodec);
  for (const [name, text] of Object.entries(texts)) {
    const bytes = Buffer.from(text);
    const echo = await echoTime(text);
    const parts = {
      unmask: timeOf(() => {
        masker.begin(0x12345678);
        masker.apply(bytes, 0, bytes.length);
      }),
    };
    const valid = Buffer.from(text);
    parts["check UTF-8 in pieces"] = timeOf(() => {
      validator.reset();
      validator.push(valid, 0, valid.length);
    });
    parts["decode to text"] = timeOf(() => nodeTextCodec.decode(valid, 0, valid.length));
    console.log(`${name}, ${bytes.length} bytes: an echo takes ${echo.toFixed(1)} µs of CPU`);
    for (const [part, time] of Object.entries(parts)) {
      console.log(
        `  ${part.padEnd(22)} ${time.toFixed(1).padStart(6)} µs, ${((100 * time) / echo).toFixed(0)} % of that`,
      );
    }
  }
}

async function serveEchoes() {
  const server = await serve((socket) => socket.on("message", (message) => void socket.send(message)));
  process.on("message", () => {
    const { system, user } = process.cpuUsage();
    process.send(system + user);
  });
  process.on("disconnect", () => process.exit());
  process.send(server.port);
}

await (process.argv[2] === "serve" ? serveEchoes() : measure());
