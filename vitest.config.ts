import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { wholeCoverageFolders } from "./floors.mjs";
import { LastLineReporter } from "./test/reporter.js";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const whole = { lines: 100, branches: 100 };

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
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    reporters: ["default", new LastLineReporter()],
    // Two at least: half of the time a test waits for other processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
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
