/** Writes what was measured as a page with charts: `docs/benchmarks.md` and `docs/images/bench-*.svg`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { barChart, lineChart, number, slopeText } from "./charts.mjs";
import { SLOPE_MAX } from "./growth.mjs";
import { targetsOf } from "./targets.mjs";

/** From here on the load's core counts as full. */
const LOAD_FULL = 0.85;

/**
 * @typedef {import("./measure.mjs").Row} Row
 * @typedef {import("./cases.mjs").Case & { rows: readonly Row[] }} Result
 */

/**
 * @param {{ machine: { cpu: string, cores: number, node: string, at: string }, options: { rounds: number, ms: number },
 *   minutes: number, results: readonly Result[], growth: readonly any[], pipeline: any }} measured
 * @param {string} docs the folder of the pages
 */
export function writeReport(measured, docs) {
  const { growth, pipeline, results } = measured;
  mkdirSync(`${docs}/images`, { recursive: true });
  const sections = [targetTable(targetsOf(measured))];
  for (const [group, title] of [
    ["engine", "The engine"],
    ["system", "The whole system"],
  ]) {
    const part = results.filter((result) => result.group === group);
    if (part.length === 0) continue;
    const label = `${title}: CPU time of the server for each operation, or memory for each connection, beside other servers`;
    writeFileSync(`${docs}/images/bench-${group}.svg`, barChart(part.filter(isDrawn).map(panelOf), label));
    sections.push(`## ${title}\n\n![${label}](images/bench-${group}.svg)\n`, ...part.map(table));
  }
  if (growth.length > 0) sections.push(growthSection(growth, docs));
  if (pipeline !== undefined) sections.push(pipelineTable(pipeline));
  writeFileSync(`${docs}/benchmarks.md`, `${introduction(measured)}\n${sections.join("\n")}`);
}

/** What the page was measured on, and how. @param {any} measured */
function introduction({ machine, minutes, options }) {
  return `# Benchmarks

<!-- Written by \`npm run bench\`: measure again instead of changing it. -->

Measured on ${machine.at.slice(0, 10)} with Node ${machine.node} on a machine with ${machine.cores} cores (${machine.cpu}). \`npm run bench\`
measures all of it again, in ${Math.ceil(minutes)} minutes there, and writes this page; \`npm run bench -- NAME\` measures one case. It installs the
others' packages by itself, and needs Linux, a C compiler with zlib (Debian's \`gcc\`, \`libc6-dev\` and \`zlib1g-dev\`) and, for Python,
Debian's \`python3-websockets\`. Nothing else may run on the machine meanwhile. The figures are also in \`bench/build/results.json\`.

Each server runs alone on one core, the load generator on the other; the servers of a case take turns, ${options.rounds}
rounds of ${options.ms / 1000} s each (fewer where a case takes long, longer where it needs to), and the medians are told. Servers last for all
rounds of a case and are warmed up for some seconds before the first: they run for days, and what a compiler does in their first
seconds is not what an operation costs. Where connections are counted or cut, each round has a server of its own. What counts is the
**CPU time of the server for an operation**: the machine is shared, its clock is not ours, and whoever needs half of the time
does twice the work with the same bill. *ours* is busbar's CPU time as a multiple of that server's: below 1, busbar needs less.

The load generator is written in C and checks what it receives, every byte: a message that is wrong, missing, or out of order
ends the run, and [a test](../test/bench/load.test.ts) plants each of these faults. Compressed messages are inflated and compared
once; the same message to others has to have the same compressed bytes, or it is inflated again. That the load is not what is measured is to be
seen in its own CPU time, the last column, and in the floor: a bare epoll server in C, which does nothing but WebSocket frames. The *floor (Bun.listen)* does as little in
JavaScript on Bun's TCP: what an engine there cannot get below.
Where the load's core is nearly full, which is marked in bold, *a second* is what the load could do; the CPU time is the server's own in any case.
`;
}

/** @param {readonly import("./targets.mjs").Target[]} targets */
function targetTable(targets) {
  const met = targets.filter(({ isMet }) => isMet).length;
  return `## Targets

Where busbar should be, and where it is: ${met} of ${targets.length} are met.

| what | target | measured | met |
| --- | --: | --: | --- |
${targets.map(({ isMet, measured, target, what }) => `| ${what} | ${target} | ${measured} | ${isMet ? "yes" : "**no**"} |`).join("\n")}
`;
}

/** At a fixed rate it is the latency that counts, which is in the table. @param {Result} result */
const isDrawn = ({ halfOf }) => halfOf === undefined;

/** @param {Row} row */
const valueOf = ({ bytesPerConnection, cpuUs }) => bytesPerConnection ?? cpuUs;

/** @param {Result} result */
function panelOf({ mode, per, rows, short, title }) {
  const unit = mode === "idle" ? `bytes of memory for each ${per}` : `µs of CPU for each ${per}`;
  return {
    title: short ?? title,
    unit,
    bars: rows.map((row) => ({ id: row.id, server: row.server, value: valueOf(row) })),
  };
}

/** @param {Result} result */
function table(result) {
  const { deflate, mode, name, note, rows, title } = result;
  const [ours] = rows;
  const ratio = (/** @type {Row} */ row) =>
    ours === undefined || row === ours ? "" : `${(valueOf(ours) / valueOf(row)).toFixed(2)} ×`;
  const isPaced = rows.some(({ publishesPerSecond }) => publishesPerSecond !== undefined);
  const columns =
    mode === "idle"
      ? {
          "bytes for each, at first": (/** @type {Row} */ row) => number(row.bytesAtFirst ?? 0),
          "… idle": (/** @type {Row} */ row) => number(row.bytesPerConnection ?? 0),
          ours: ratio,
          RSS: memory,
        }
      : {
          ...(isPaced && { "publishes a second": (/** @type {Row} */ row) => number(row.publishesPerSecond ?? 0) }),
          "a second": (/** @type {Row} */ row) => number(row.perSecond),
          "CPU µs": (/** @type {Row} */ row) => row.cpuUs.toFixed(2),
          ours: ratio,
          p50: (/** @type {Row} */ row) => duration(row.p50Us),
          p99: (/** @type {Row} */ row) => duration(row.p99Us),
          "p99.9": (/** @type {Row} */ row) => duration(row.p999Us),
          ...(deflate && { "bytes received": (/** @type {Row} */ row) => number(row.bytesReceived) }),
          RSS: memory,
          "load's CPU": loadShare,
        };
  const heads = Object.keys(columns);
  const cells = (/** @type {Row} */ row) => Object.values(columns).map((column) => column(row));
  return `### ${title}

\`npm run bench -- ${name}\`${note === undefined ? "" : `\n\n${note}`}

| server | ${heads.join(" | ")} |
| --- |${heads.map(() => " --: |").join("")}
${rows.map((row) => `| ${[row.server, ...cells(row)].join(" | ")} |`).join("\n")}
`;
}

/** @param {Row} row */
const memory = ({ residentMb }) => `${Math.round(residentMb)} MB`;

/** @param {Row} row */
function loadShare({ loadCpuShare }) {
  const share = `${Math.round(loadCpuShare * 100)} %`;
  return loadCpuShare > LOAD_FULL ? `**${share}**` : share;
}

/** @param {number} us */
function duration(us) {
  if (us >= 1_000_000) return `${(us / 1_000_000).toFixed(1)} s`;
  return us >= 1000 ? `${(us / 1000).toFixed(us >= 100_000 ? 0 : 1)} ms` : `${Math.round(us)} µs`;
}

/** @param {readonly any[]} growth @param {string} docs */
function growthSection(growth, docs) {
  const label = "CPU time for a unit of work, against how much there is of something, both axes logarithmic";
  const panels = growth.map(({ lines, of, per, short }) => ({
    title: short,
    of,
    unit: `µs of CPU for each ${per}`,
    lines,
  }));
  writeFileSync(`${docs}/images/bench-growth.svg`, lineChart(panels, label));
  const worse = growth.flatMap(({ lines, of, work }) =>
    lines
      .filter((/** @type {any} */ line) => line.isWorse)
      .map((/** @type {any} */ line) => `${line.server}, ${work} with ${of}`),
  );
  return `## How cost grows

![${label}](images/bench-growth.svg)

CPU time of the server for a unit of work. The *slope* is that of a straight line through the points, both axes logarithmic: at 0 the
cost is linear in the work, below 0 a fixed cost is shared by more of it. *At the end* is the slope between the last two points, where
no fixed cost hides anything. A cost is worse than linear where one of the two is more than ${SLOPE_MAX} above 0 (a quarter more in a tenfold),
or above that of the floor where the floor was measured: its kernel and its caches are the same. ${worse.length === 0 ? "None is worse than linear in the work itself." : `**Worse than linear in the work itself: ${worse.join("; ")}.**`}

${growth.map(growthTable).join("\n")}`;
}

/** @param {any} growth */
function growthTable({ lines, name, of, per, title }) {
  const all = Math.max(...lines.map((/** @type {any} */ { points }) => points.length));
  const longest = lines.find((/** @type {any} */ { points }) => points.length === all);
  const sizes = longest.points.map((/** @type {any} */ { size }) => size.toLocaleString("en"));
  const rows = lines.map(
    (/** @type {any} */ { isWorse, lastSlope, points, server, slope }) =>
      `| ${server} | ${sizes.map((/** @type {string} */ _, /** @type {number} */ index) => (points[index] === undefined ? "" : points[index].value.toPrecision(3))).join(" | ")} | ${slopeText(slope)} | ${slopeText(lastSlope)} | ${isWorse ? "**yes**" : "no"} |`,
  );
  return `### ${title}

\`npm run bench -- ${name}\`; µs of CPU for each ${per}, by ${of}

| server | ${sizes.join(" | ")} | slope | at the end | worse than linear |
| --- |${sizes.map(() => " --: |").join("")} --: | --: | --- |
${rows.join("\n")}
`;
}

/** @param {any} pipeline */
function pipelineTable({ inline, queued }) {
  const { rates, cpus } = inline;
  return `## The pipeline

\`npm run bench -- pipeline\`: [what it is](pipeline.md#what-it-costs).

| | a second | CPU µs |
| --- | --: | --: |
| no processor | ${number(rates.none)} | ${cpus.none.toFixed(1)} |
| inline | ${number(rates.inline)} | ${cpus.inline.toFixed(1)} |
| queued on disk | ${number(queued.rate)} | ${queued.cpuUs.toFixed(1)} |

At ${number(queued.paced.perSecond)} queued messages a second, from publish to delivery: p50 ${queued.paced.p50.toFixed(1)} ms,
p99 ${queued.paced.p99.toFixed(1)} ms, p99.9 ${queued.paced.p999.toFixed(1)} ms.
`;
}
