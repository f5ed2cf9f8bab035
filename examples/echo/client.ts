/**
 * Runs the client's side of the Autobahn test suite:
 * `npm run echo-client -- --url ws://127.0.0.1:9001 --agent busbar`.
 */
import { parseArgs } from "node:util";
import { connect } from "busbar/websocket";
import { compression, limits } from "./limits.js";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "ws://127.0.0.1:9001" },
    agent: { type: "string", default: "busbar" },
  },
});
const agent = encodeURIComponent(values.agent);

async function caseCount(): Promise<number> {
  const socket = await connect(`${values.url}/getCaseCount`);
  for await (const message of socket) return Number(message);
  throw new Error("the suite did not say how many cases it has");
}

async function runCase(number: number): Promise<void> {
  const socket = await connect(`${values.url}/runCase?case=${number}&agent=${agent}`, { compression, limits });
  socket.on("message", (message) => void socket.send(message));
  await socket.closed;
}

const count = await caseCount();
for (let number = 1; number <= count; number++) {
  process.stdout.write(`\rcase ${number} of ${count}`);
  await runCase(number);
}
const reports = await connect(`${values.url}/updateReports?agent=${agent}`);
await reports.closed;
console.log(`\n${count} cases run; the suite has written its report`);
