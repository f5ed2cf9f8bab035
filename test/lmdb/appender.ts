/**
 * Appends to the store in the folder that it is given, and says so on standard output, one write for each receipt.
 *
 * `node appender.mjs FOLDER COUNT BATCH`: without an end where COUNT is 0. It begins with the head that it found.
 */
import { writeSync } from "node:fs";
import { LmdbStore } from "../../src/adapters/lmdb/lmdb-store.js";
import { nodeClock } from "../../src/adapters/node/clock.js";
import { NodeRandom } from "../../src/adapters/node/random.js";
import { consoleLogger } from "../../src/adapters/node/logger.js";

const [, , path = "", count = "0", batch = "1"] = process.argv;
const store = await LmdbStore.open({ path, clock: nodeClock, random: new NodeRandom(), logger: consoleLogger() });
const retention = { keep: 1_000_000, forMs: Infinity, bytesMax: Infinity };
const { epoch, head } = await store.open("a", { retention, durability: "disk" });
writeSync(1, `opened ${epoch} ${head}\n`);
let next = head;
const rounds = count === "0" ? Infinity : Number(count);
for (let round = 0; round < rounds; round++) {
  const drafts = Array.from({ length: Number(batch) }, () => ({
    payload: String(++next),
    from: "ada",
    at: Date.now(),
    origin: undefined,
  }));
  await store.append("a", drafts);
  writeSync(1, `receipt ${next}\n`);
}
await store.close();
