import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import { wholeCoverageFolders } from "./floors.mjs";
import { LastLineReporter } from "./test/reporter.js";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const whole = { lines: 100, branches: 100 };

const everything = ["src/**/*.test.ts", "test/**/*.test.ts"];

/** What looks at memory, stalls or CPU time, and would see what runs beside it. */
const alone = [
  "test/endurance/slow-readers.test.ts",
  "test/endurance/storm.test.ts",
  "test/model/job-queue-cost.test.ts",
  "test/security/broken-elsewhere*.test.ts",
  "test/security/floods.test.ts",
  "test/security/policy-load.test.ts",
  "test/security/stall-watch.test.ts",
];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^busbar$/, replacement: source("index.ts") },
      { find: /^busbar\/websocket$/, replacement: source("engine/index.ts") },
      { find: /^busbar\/client$/, replacement: source("entry/client-node.ts") },
      { find: /^busbar\/server$/, replacement: source("server/index.ts") },
      { find: /^busbar\/worker$/, replacement: source("worker/index.ts") },
      { find: /^busbar\/testing$/, replacement: source("server/testing.ts") },
    ],
  },
  test: {
    reporters: ["default", new LastLineReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: "beside others",
          include: everything,
          exclude: [...configDefaults.exclude, ...alone],
          sequence: { groupOrder: 1 },
          // Two at least: half of the time a test waits for other processes.
          maxWorkers: Math.max(2, availableParallelism() - 1),
        },
      },
      {
        extends: true,
        test: { name: "alone", include: alone, sequence: { groupOrder: 2 }, maxWorkers: 1 },
      },
    ],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts"],
      reporter: [["text", { skipFull: true }], "html"],
      thresholds: Object.fromEntries(wholeCoverageFolders.map((folder) => [`src/${folder}/**`, whole])),
    },
  },
});
