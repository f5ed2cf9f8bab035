import { expect, it } from "vitest";
import { runCase } from "./contract-case.js";

async function run(failing: string): Promise<string[]> {
  const steps: string[] = [];
  const step = (name: string) => async (): Promise<void> => {
    steps.push(name);
    if (name === failing) throw new Error(`${name} failed`);
  };
  const running = runCase({ begin: step("begin"), end: step("end") }, step("run"), step("remove"));
  if (failing === "") await running;
  else await expect(running).rejects.toThrow(`${failing} failed`);
  return steps;
}

it("a case ends its trial and removes its place, whatever fails", async () => {
  for (const failing of ["", "run", "end", "remove"])
    expect(await run(failing)).toEqual(["begin", "run", "end", "remove"]);
  expect(await run("begin")).toEqual(["begin", "end", "remove"]);
});
