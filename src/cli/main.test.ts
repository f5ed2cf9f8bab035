import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

// As it was built: Node runs no TypeScript.
const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

it.each([
  [["--help"], 0],
  [["user", "list", "--file", "/nowhere/users.json"], 1],
  [["nothing"], 2],
])("the program ends %j with the code %i", (line, code) => {
  expect(spawnSync(process.execPath, [program, ...line]).status).toBe(code);
});
