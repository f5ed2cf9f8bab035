/**
 * Publishes to a server, so many messages at a time as are not delivered yet or at a rate, and reads what is delivered:
 * each message must come once. It tells how many came in the measured time, and their latencies from publish to delivery.
 */
import { connect } from "../../dist/entry/client-node.js";

const { url, ms, perSecond, inFlight, channels } = JSON.parse(process.argv[2] ?? "{}");
const auth = () => ({ scheme: /** @type {const} */ ("basic"), username: "load", password: "load" });
const settings = { auth, publishCommandsPerSecond: 1e6, publishesWaitingMax: 100_000, publishesInFlightMax: inFlight };
const publisher = connect(url, settings);
const reader = connect(url, { auth, messagesWaitingMax: 100_000 });

const seen = new Set();
const latencies = [];
let repeats = 0;
let gaps = 0;
let isMeasured = false;
let delivered = 0;
reader.on("gap", () => gaps++);
await Promise.all([publisher, reader].map((bus) => new Promise((resolve) => bus.on("open", resolve))));
for (let index = 0; index < channels; index++) {
  reader.channel(`load/${index}`).subscribe(({ data }) => {
    if (seen.has(data.n)) repeats++;
    seen.add(data.n);
    if (isMeasured) {
      delivered++;
      latencies.push(performance.now() - data.at);
    }
    if (perSecond === undefined) publishMore();
  });
}
await new Promise((resolve) => setTimeout(resolve, 300));

let count = 0;
let accepted = 0;
let isOver = false;
const BATCH = 64;
/** @type {Promise<void>[]} */
const publishing = [];
const publishBatch = () => {
  const messages = Array.from({ length: BATCH }, () => ({ n: ++count, at: performance.now() }));
  const published = publisher
    .channel(`load/${Math.floor(count / BATCH) % channels}`)
    .publishAll(messages)
    .then((receipts) => {
      for (const { stage } of receipts) if (stage !== "refused") accepted++;
    });
  publishing.push(published);
};
const publishMore = () => {
  while (!isOver && count - seen.size + BATCH <= inFlight) publishBatch();
};
/** Publish batches when it is their time. */
const pace = async () => {
  const start = performance.now();
  for (let batch = 0; !isOver; batch++) {
    const waitMs = start + (batch * BATCH * 1000) / perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    publishBatch();
  }
};
if (perSecond === undefined) publishMore();
else publishing.push(pace());
// Until the code of both has been compiled.
await new Promise((resolve) => setTimeout(resolve, 3_000));
isMeasured = true;
process.send?.({ begun: true });
await new Promise((resolve) => setTimeout(resolve, ms));
isMeasured = false;
process.send?.({ ended: true });
isOver = true;
while (publishing.length > 0) await publishing.pop();
for (let waited = 0; seen.size < count && waited < 60_000; waited += 50)
  await new Promise((resolve) => setTimeout(resolve, 50));
latencies.sort((one, other) => one - other);
const quantile = (/** @type {number} */ share) => latencies[Math.floor(latencies.length * share)] ?? 0;
process.send?.({
  result: {
    delivered,
    rate: (delivered / ms) * 1000,
    p50: quantile(0.5),
    p99: quantile(0.99),
    p999: quantile(0.999),
    published: count,
    accepted,
    seen: seen.size,
    repeats,
    gaps,
  },
});
publisher.close();
reader.close();
