import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LmdbStore } from "../../src/adapters/lmdb/lmdb-store.js";
import { NodeRandom } from "../../src/adapters/node/random.js";
import { silentLogger } from "../../src/kernel/logger.js";
import { storeCases } from "../../src/testing/store-cases.js";

const cases = storeCases({
  place: () => {
    const path = mkdtempSync(join(tmpdir(), "busbar-cases-"));
    return {
      open: ({ clock, limits }) =>
        LmdbStore.open({ path, clock, random: new NodeRandom(), logger: silentLogger, limits }),
      remove: async () => rmSync(path, { recursive: true }),
    };
  },
  durabilities: ["memory", "disk"],
  isLasting: true,
});

describe("the embedded store", () => {
  it.each(cases)("$name", async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  });
});
