import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root, run, tool } from "../scripts/program.mjs";
import { advice } from "./programs.js";

const folder = join(root, "build", "requirements");
mkdirSync(folder, { recursive: true });
const project = mkdtempSync(join(folder, "project-"));
afterAll(() => {
  rmSync(project, { recursive: true });
});

writeFileSync(
  join(project, "vitest.config.ts"),
  `import { LastLineReporter } from "../../../test/reporter.js";
  export default { test: { root: import.meta.dirname, include: ["*.test.ts"], reporters: ["default", new LastLineReporter()] } };`,
);
for (const name of ["one", "two"]) {
  writeFileSync(
    join(project, `${name}.test.ts`),
    `import { it } from "vitest"; import { describeWith } from "../../../test/requirements.js";
    it("runs anywhere", () => {});
    describeWith("chromium", "in a browser", (path) => { it("is given a path", ({ expect }) => expect(path).toBe(process.env.CHROMIUM_PATH)); });`,
  );
}

/** Run the small project's two files, each with one test for anywhere and one for Chromium. */
async function runProject(environment: Readonly<Record<string, string>>): Promise<{ code: number; lines: string[] }> {
  const { code, stdout } = await run(tool("vitest"), ["run"], { folder: project, environment });
  return { code, lines: stdout.trimEnd().split("\n") };
}

describe("tests that need a program", () => {
  it("run with its path where it is present", async () => {
    const { code, lines } = await runProject({ CI: "true", CHROMIUM_PATH: process.execPath });
    expect(lines.at(-1)).toBe("4 passed, 0 failed");
    expect(code).toBe(0);
  });

  it("are skipped where it is missing, and one line says how to get it", async () => {
    const { code, lines } = await runProject({ CI: "", CHROMIUM_PATH: "/nowhere/chromium" });
    expect(lines.at(-1)).toBe("2 passed, 0 failed, 2 skipped");
    expect(lines.filter((line) => line.includes("apt-get install chromium"))).toEqual([advice("chromium")]);
    expect(code).toBe(0);
  });

  it("fail in CI where it is missing", async () => {
    const { code, lines } = await runProject({ CI: "true", CHROMIUM_PATH: "/nowhere/chromium" });
    expect(lines.at(-1)).toBe("2 passed, 2 failed");
    expect(code).toBe(1);
  });
});
