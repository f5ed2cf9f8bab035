import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LmdbStore } from "../../src/adapters/lmdb/lmdb-store.js";
import { NodeRandom } from "../../src/adapters/node/random.js";
import { silentLogger } from "../../src/kernel/logger.js";
import { groupStoreCases, jobStoreCases, transactionCases } from "../../src/testing/pipeline-cases.js";

const options = {
  place: () => {
    const path = mkdtempSync(join(tmpdir(), "busbar-cases-"));
    return {
      open: ({ clock, limits }: Pick<Parameters<typeof LmdbStore.open>[0], "clock" | "limits">) =>
        LmdbStore.open({ path, clock, random: new NodeRandom(), logger: silentLogger, limits: limits ?? {} }),
      remove: async () => rmSync(path, { recursive: true }),
    };
  },
  durability: "disk",
  isLasting: true,
} as const;

describe("the embedded store", () => {
  it.each([...jobStoreCases(options), ...groupStoreCases(options), ...transactionCases(options)])(
    "$name",
    async ({ run }) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );
});
