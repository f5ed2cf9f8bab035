import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { inspect, pack } from "../../scripts/package.mjs";
import { root, run, tool } from "../../scripts/program.mjs";
import { type PlantingGround, plantingGround } from "./planting-ground.js";

const grounds: PlantingGround[] = [];
afterAll(() => {
  for (const ground of grounds) ground.clear();
});

function newGround(configuration: readonly string[]): PlantingGround {
  const ground = plantingGround(configuration);
  grounds.push(ground);
  return ground;
}

describe("oxfmt", () => {
  it("reports a file that is not formatted, and only that", async () => {
    const ground = newGround([".oxfmtrc.json"]);
    ground.plant("src/kernel/neat.ts", `export const one = "1";\n`);
    ground.plant("src/kernel/untidy.ts", "export const one = '1'\n");
    const { code, output } = await run(tool("oxfmt"), ["--check"], ground);
    expect(output).toContain("src/kernel/untidy.ts");
    expect(output).not.toContain("src/kernel/neat.ts");
    expect(code).toBe(1);
  });
});

describe("knip", () => {
  it("reports an unused file, an unused export and an unused dependency", async () => {
    const ground = newGround(["knip.json", "tsconfig.json", "tsconfig.base.json"]);
    const devDependencies = { fastify: "1.0.0", typescript: "1.0.0" };
    ground.plant("package.json", JSON.stringify({ name: "busbar", type: "module", devDependencies }));
    ground.plant("src/index.ts", `export { used } from "./kernel/part.js";\n`);
    ground.plant("src/kernel/part.ts", "export const used = 1;\nexport const unused = 2;\nexport type Unused = 3;\n");
    ground.plant("src/kernel/orphan.ts", "export const nobody = 1;\n");
    const { code, stdout } = await run(tool("knip"), ["--reporter", "json"], ground);
    const { issues } = JSON.parse(stdout) as { issues: readonly Record<string, readonly { name: string }[]>[] };
    const names = (kind: string): readonly string[] =>
      issues.flatMap((issue) => (issue[kind] ?? []).map(({ name }) => name));
    expect(names("files")).toEqual(["src/kernel/orphan.ts"]);
    expect(names("exports")).toContain("unused");
    expect(names("types")).toContain("Unused");
    expect(names("devDependencies")).toContain("fastify");
    expect(code).toBe(1);
  });
});

/** The compiled files that the real package.json names, as they stand in it. */
const named = readFileSync(join(root, "package.json"), "utf8").match(/(?<=\.\/)dist\/[^"]+/g) ?? [];

/** Stage a package with the real package.json; it lacks the file `leftOut`, and `text` is in all that runs. */
async function packed(leftOut: string, text = "export const one = 1;\n"): Promise<Awaited<ReturnType<typeof inspect>>> {
  const ground = newGround(["package.json", "LICENSE"]);
  for (const path of named.filter((name) => name !== leftOut)) {
    const start = path === "dist/cli/main.js" ? "#!/usr/bin/env node\n" : "";
    ground.plant(path, path.endsWith(".d.ts") ? "export declare const one = 1;\n" : start + text);
  }
  return inspect(await pack(ground.folder));
}

describe("the packed package", () => {
  it("passes where it is right", async () => {
    const { publint, attw } = await packed("");
    expect([publint.code, attw.code]).toEqual([0, 0]);
  });

  it("is refused by publint and attw where an entry point has no types", async () => {
    const { publint, attw } = await packed("dist/engine/index.d.ts");
    expect(publint.output).toContain(`pkg.exports["./websocket"].default.types`);
    expect(attw.output).toMatch(/busbar\/websocket".*Resolution failed|busbar\/websocket".*No types/);
    expect([publint.code, attw.code]).toEqual([1, 1]);
  });

  it("is refused by publint where it is written in CommonJS", async () => {
    const { publint } = await packed("", "module.exports = 1;\n");
    expect(publint.output).toContain("CJS");
    expect(publint.code).toBe(1);
  });
});
