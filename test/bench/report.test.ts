/** What the benchmarks' page says is computed from the results: slopes, verdicts, and which targets are met. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/program.mjs";

interface Target {
  readonly what: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** The workspace of the benchmarks is checked by no compiler: its modules come without types. */
const part = async (name: string) => import(join(root, "bench", name));
const { cases } = await part("cases.mjs");
const { growths, judged } = await part("growth.mjs");
const { writeReport } = await part("report.mjs");
const { servers } = await part("servers.mjs");
const { targetsOf } = await part("targets.mjs");

const folder = mkdtempSync(join(tmpdir(), "busbar-report-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const row = (id: string, figures: object) => ({ id, server: servers[id].name, conns: 1, ...figures });

/** A server's cost at sizes ten times apart. */
const line = (id: string, costs: readonly number[]) => ({
  id,
  server: servers[id].name,
  points: costs.map((value, index) => ({ size: 10 ** (index + 1), value })),
});

describe("a target", () => {
  const results = (engineCpu: number, bytes: number) => [
    { name: "fanout-8", rows: [row("engine", { cpuUs: engineCpu }), row("ws", { cpuUs: 8 })] },
    { name: "idle", rows: [row("engine", { bytesPerConnection: bytes })] },
  ];

  it("is met or not by what was measured", () => {
    const verdicts = (measured: object) =>
      targetsOf(measured).map(({ isMet, measured: is }: Target) => `${is}: ${String(isMet)}`);
    expect(verdicts({ results: results(1, 5000) })).toEqual(["0.13 ×: true", "8 times: true", "5,000 bytes: true"]);
    expect(verdicts({ results: results(2, 5001) })).toEqual(["0.25 ×: true", "4 times: false", "5,001 bytes: false"]);
  });

  it("is left out where its cases were not measured", () => {
    expect(targetsOf({ results: [] })).toEqual([]);
  });
});

describe("growth", () => {
  const verdict = (...lines: readonly object[]): readonly unknown[] =>
    judged(lines).map(({ isWorse, slope }: { isWorse: boolean; slope: number }) => [slope.toFixed(2), isWorse]);

  it("is linear where a unit of the work costs the same at every size, or less", () => {
    expect(verdict(line("memory", [2, 2, 2]), line("disk", [8, 4, 2]))).toEqual([
      ["0.00", false],
      ["-0.30", false],
    ]);
  });

  it("is worse than linear where a unit costs more and more, also at the end alone", () => {
    expect(verdict(line("memory", [1, 2, 4]), line("disk", [9, 1, 3]))).toEqual([
      ["0.30", true],
      ["-0.24", true],
    ]);
  });

  it("is compared with the floor's, whose kernel and caches are the same", () => {
    expect(verdict(line("memory", [1, 1, 1.5]), line("floor", [1, 1, 1.4])).at(0)).toEqual(["0.09", false]);
  });
});

describe("the page", () => {
  it("has a table for each case, the targets, charts, and says what grows worse than it should", () => {
    const figures = {
      ...{ perSecond: 1000, cpuUs: 2, p50Us: 100, p99Us: 2000, p999Us: 3_000_000, residentMb: 50, loadCpuShare: 0.9 },
      ...{ bytesReceived: 64, bytesAtFirst: 8000, bytesPerConnection: 4000, publishesPerSecond: 10 },
    };
    const results = cases.map((one: { servers: readonly string[] }) => ({
      ...one,
      rows: one.servers.map((id) => row(id, figures)),
    }));
    const growth = growths.map((one: { servers: readonly string[] }) => ({
      ...one,
      lines: judged(one.servers.map((id) => line(id, id === "disk" ? [1, 2, 4] : [1, 1, 1]))),
    }));
    const machine = { cpu: "a processor", cores: 2, node: "v20.0.0", at: "2026-01-02T00:00:00Z" };
    writeReport({ machine, options: { rounds: 3, ms: 800 }, minutes: 14, results, growth }, folder);
    const page = readFileSync(join(folder, "benchmarks.md"), "utf8");
    expect(page).toContain("Measured on 2026-01-02 with Node v20.0.0 on a machine with 2 cores (a processor)");
    for (const { name } of [...cases, ...growths]) expect(page).toContain(`npm run bench -- ${name}\``);
    expect(page).toContain("| an idle connection of the engine | ≤ 5,000 bytes | 4,000 bytes | yes |");
    expect(page).toContain("| fan-out, 8 in flight: cheaper than ws | ≥ 8 times | 1 times | **no** |");
    expect(page).toContain("Worse than linear in the work itself: busbar, disk, reading with messages in the log");
    expect(page).not.toMatch(/undefined|NaN/);
    for (const [, image = ""] of page.matchAll(/\]\((images\/[^)]+)\)/g))
      expect(readFileSync(join(folder, image), "utf8")).toMatch(/^<svg [^]*<\/svg>\n$/);
  });
});
