/**
 * Accepts queued messages into the store in the folder that it is given, and ends them with messages in two logs; says so on
 * standard output when that is done. Without an end, and beginning with what it found.
 *
 * `node job-keeper.mjs FOLDER RUN`: RUN makes the ids of its messages.
 */
import { writeSync } from "node:fs";
import { LmdbStore } from "../../src/adapters/lmdb/lmdb-store.js";
import { nodeClock } from "../../src/adapters/node/clock.js";
import { NodeRandom } from "../../src/adapters/node/random.js";
import { consoleLogger } from "../../src/adapters/node/logger.js";
import type { JobHead } from "../../src/pipeline/job-store.js";

const ACCEPTED_AT_ONCE = 7;
const ENDED_AT_ONCE = 5;
const WAITING_MAX = 40;

const [, , path = "", run = ""] = process.argv;
const store = await LmdbStore.open({ path, clock: nodeClock, random: new NodeRandom(), logger: consoleLogger() });
const retention = { keep: 1_000_000, forMs: Infinity, bytesMax: Infinity };
for (const channel of ["a", "b"]) await store.open(channel, { retention, durability: "disk" });
const waiting: JobHead[] = [...(await store.jobs.heads(0, 1_000_000))];
writeSync(1, "opened\n");
let count = 0;

async function accept(): Promise<void> {
  const drafts = Array.from({ length: ACCEPTED_AT_ONCE }, () => {
    const id = `${run}-${++count}`;
    const origin = { producer: id, sequence: 1 };
    const message = { id, queue: "q", channel: "a", key: "k", payload: JSON.stringify(id), principal: "{}", origin };
    return { ...message, at: Date.now(), dueAt: undefined, firstSentAt: undefined };
  });
  const answers = await store.jobs.accept(drafts);
  for (const answer of answers) if (answer.kind === "accepted") waiting.push(answer.head);
  writeSync(1, `accepted ${drafts.map(({ id }) => id).join(" ")}\n`);
}

async function end(heads: readonly JobHead[]): Promise<void> {
  await store.jobs.change(heads.map(({ attempts, sequence }) => ({ kind: "begun", sequence, attempts: attempts + 1 })));
  const jobs = (await store.jobs.read(heads.map(({ sequence }) => sequence))).filter((job) => job !== undefined);
  // Without origins: what is written twice is in the log twice.
  const drafts = jobs.map(({ payload }) => ({ payload, from: "ada", at: Date.now(), origin: undefined }));
  const rider = store.jobs.rider(
    jobs.map((job) => ({ kind: "ended", sequence: job.sequence, end: { kind: "delivered" }, of: job })),
  );
  const batches = ["a", "b"].map((channel) => ({ channel, drafts }));
  await store.appendAll(batches, rider);
  writeSync(1, `ended ${heads.map(({ id }) => id).join(" ")}\n`);
}

// Both at once, with all that may lie between them.
await Promise.all([
  (async () => {
    for (;;) {
      if (waiting.length < WAITING_MAX) await accept();
      else await new Promise(setImmediate);
    }
  })(),
  (async () => {
    for (;;) {
      const heads = waiting.splice(0, ENDED_AT_ONCE);
      if (heads.length > 0) await end(heads);
      else await new Promise(setImmediate);
    }
  })(),
]);
