import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cruise } from "../../scripts/dependencies.mjs";
import { root } from "../../scripts/program.mjs";
import { plantingGround } from "./planting-ground.js";

const ground = plantingGround([".dependency-cruiser.mjs", "floors.mjs", "package.json"]);
afterAll(() => {
  ground.clear();
});

/** Each rule with one import that breaks it: in the file `from`, in these words, leading to `to`. */
const plants: readonly (readonly [rule: string, from: string, words: string, to: string])[] = [
  ["floor-0-kernel", "src/kernel/a.ts", `import { x } from "../wire/x.js";`, "src/wire/x.ts"],
  ["floor-1-protocol", "src/protocol/a.ts", `import { x } from "../hub/x.js";`, "src/hub/x.ts"],
  ["floor-1-wire", "src/wire/a.ts", `import type { x } from "../protocol/x.js";`, "src/protocol/x.ts"],
  ["floor-1-contract", "src/contract/a.ts", `export type { x } from "../wire/x.js";`, "src/wire/x.ts"],
  ["floor-2-websocket", "src/websocket/a.ts", `export * from "../hub/x.js";`, "src/hub/x.ts"],
  ["floor-2-hub", "src/hub/a.ts", `import { type x } from "../auth/x.js";`, "src/auth/x.ts"],
  ["floor-2-auth", "src/auth/a.ts", `import "../pipeline/x.js";`, "src/pipeline/x.ts"],
  ["floor-2-pipeline", "src/pipeline/a.ts", `await import("../hub/x.js");`, "src/hub/x.ts"],
  ["floor-3-session", "src/session/a.ts", `import { x } from "../testing/x.js";`, "src/testing/x.ts"],
  ["floor-4-testing", "src/testing/a.ts", `import { x } from "../adapters/memory/x.js";`, "src/adapters/memory/x.ts"],
  ["floor-5-engine", "src/engine/a.ts", `import { x } from "../server/x.js";`, "src/server/x.ts"],
  ["floor-6-server", "src/server/a.ts", `import { x } from "../cli/x.js";`, "src/cli/x.ts"],
  ["floor-7-cli", "src/cli/a.ts", `import { x } from "../index.js";`, "src/index.ts"],
  ["narrow-client", "src/client/a.ts", `import type { x } from "../hub/x.js";`, "src/hub/x.ts"],
  ["narrow-adapters-node", "src/adapters/node/a.ts", `import { x } from "../../hub/x.js";`, "src/hub/x.ts"],
  [
    "narrow-adapters-browser",
    "src/adapters/browser/a.ts",
    `import { x } from "../../session/x.js";`,
    "src/session/x.ts",
  ],
  ["narrow-adapters-memory", "src/adapters/memory/a.ts", `import { x } from "../../wire/x.js";`, "src/wire/x.ts"],
  ["root-export", "src/index.ts", `export { x } from "./hub/x.js";`, "src/hub/x.ts"],
  ["unit-test-floor-1", "src/wire/a.test.ts", `import { x } from "../server/x.js";`, "src/server/x.ts"],
  ["no-node-module", "src/adapters/browser/b.ts", `import { connect } from "node:net";`, "net"],
  ["no-node-module", "src/session/b.ts", `import type { Socket } from "node:net";`, "net"],
  ["no-node-module", "src/entry/client-browser.ts", `import { connect } from "node:net";`, "net"],
  ["no-package", "src/server/b.ts", `import { it } from "vitest";`, "node_modules/vitest"],
  ["no-test-in-source", "src/hub/c.ts", `import { x } from "./x.test.js";`, "src/hub/x.test.ts"],
  ["no-cycle", "src/kernel/ring-end.ts", `import type { x } from "./ring.js";`, "src/kernel/ring.ts"],
  ["not-resolvable", "src/hub/d.ts", `import { x } from "./nowhere.js";`, "./nowhere.js"],
  ["no-folder-without-floor-imported", "src/hub/e.ts", `import { x } from "../attic/x.js";`, "src/attic/x.ts"],
  ["no-folder-without-floor", "src/attic/x.ts", `import { x } from "../kernel/x.js";`, "src/kernel/x.ts"],
];

/** What is allowed: the ports for adapters, floor 4 for unit tests; and the half of a cycle that is not reported. */
const allowed: readonly (readonly [from: string, words: string])[] = [
  ["src/hub/b.ts", `import { x } from "../kernel/x.js"; import { y } from "../wire/x.js";`],
  ["src/wire/b.test.ts", `import { x } from "../testing/x.js"; import { it } from "vitest";`],
  ["src/adapters/node/b.ts", `import { x } from "../../websocket/ports.js"; import { connect } from "node:net";`],
  ["src/kernel/ring.ts", `import type { x } from "./ring-end.js";`],
  ["src/client/b.ts", `import { x } from "../contract/x.js";`],
];

const folders = [
  "kernel",
  "protocol",
  "wire",
  "contract",
  "hub",
  "auth",
  "pipeline",
  "session",
  "testing",
  "server",
  "cli",
];
let found: Awaited<ReturnType<typeof cruise>> | undefined;

beforeAll(async () => {
  for (const folder of [...folders, "adapters/memory"]) ground.plant(`src/${folder}/x.ts`, "export const x = 1;\n");
  ground.plant("src/websocket/ports.ts", "export const x = 1;\n");
  ground.plant("src/hub/x.test.ts", "export const x = 1;\n");
  for (const [from, words] of allowed) ground.plant(from, `${words}\n`);
  for (const [, from, words] of plants) ground.plant(from, `${words}\n`);
  found = await cruise(ground.folder);
});

it.each(plants)("%s is reported for %s", (rule, from, _words, to) => {
  const reported = found?.violations.filter((violation) => violation.from === from) ?? [];
  expect(reported.map((violation) => violation.rule)).toEqual([rule]);
  expect(reported[0]?.to).toContain(to);
});

it("nothing else is reported", () => {
  expect(found?.violations).toHaveLength(plants.length);
});

it("a cruise that reads nothing is an error, and not a success", async () => {
  const blind = plantingGround(["floors.mjs", "package.json"]);
  const configuration = readFileSync(join(root, ".dependency-cruiser.mjs"), "utf8");
  blind.plant(".dependency-cruiser.mjs", configuration.replace(`parser: "swc",`, `exclude: { path: "[.]ts$" },`));
  blind.plant("src/kernel/a.ts", `import "../server/b.js";\n`);
  await expect(cruise(blind.folder)).rejects.toThrow("not read: src/kernel/a.ts");
  blind.clear();
});
