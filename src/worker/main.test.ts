import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("the program of a worker says that a server starts it", async () => {
  // As it was built: Node runs no TypeScript.
  const program = fileURLToPath(new URL("../../dist/worker/main.js", import.meta.url));
  const child = fork(program, [], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let output = "";
  child.stderr?.on("data", (data: Buffer) => (output += data.toString()));
  const [code] = await once(child, "close");
  expect(code).toBe(1);
  expect(output).toContain("this program is started by a busbar server");
});
