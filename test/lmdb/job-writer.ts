/**
 * Accepts queued messages into the store in the folder that it is given, and ends them with messages in a log, one batch
 * after the other; says so on standard output, one write for each receipt.
 *
 * `node job-writer.mjs FOLDER ROUNDS BATCH`
 */
import { writeSync } from "node:fs";
import { LmdbStore } from "../../src/adapters/lmdb/lmdb-store.js";
import { nodeClock } from "../../src/adapters/node/clock.js";
import { NodeRandom } from "../../src/adapters/node/random.js";
import { consoleLogger } from "../../src/adapters/node/logger.js";

const [, , path = "", rounds = "1", batch = "1"] = process.argv;
const store = await LmdbStore.open({ path, clock: nodeClock, random: new NodeRandom(), logger: consoleLogger() });
// What comes out is in a log that asks for less than the messages themselves.
await store.open("a", { retention: { keep: 1_000, forMs: Infinity, bytesMax: Infinity }, durability: "memory" });
writeSync(1, "opened\n");
let count = 0;
for (let round = 0; round < Number(rounds); round++) {
  const drafts = Array.from({ length: Number(batch) }, () => {
    const id = `m${++count}`;
    const origin = { producer: id, sequence: 1 };
    const message = { id, queue: "q", channel: "a", key: "k", payload: JSON.stringify(id), principal: "{}", origin };
    return { ...message, at: Date.now(), dueAt: undefined, firstSentAt: undefined };
  });
  const answers = await store.jobs.accept(drafts);
  writeSync(1, `receipt accepted ${round}\n`);
  const jobs = await store.jobs.read(answers.flatMap((one) => (one.kind === "accepted" ? [one.head.sequence] : [])));
  const rider = store.jobs.rider(
    jobs.flatMap((of) => (of ? [{ kind: "ended", sequence: of.sequence, end: { kind: "delivered" }, of }] : [])),
  );
  await store.appendAll(
    [{ channel: "a", drafts: drafts.map(({ at, payload }) => ({ payload, from: "ada", at, origin: undefined })) }],
    rider,
  );
  writeSync(1, `receipt ended ${round}\n`);
}
await store.close();
