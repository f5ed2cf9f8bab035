/** Writes what was measured as a page with charts: `docs/benchmarks.md` and `docs/images/bench-*.svg`. */
import { mkdirSync, writeFileSync } from "node:fs";

const WIDTH = 860;
const ROW = 26;
const BAR_AT = 190;
const BAR_MAX = WIDTH - BAR_AT - 110;

/**
 * @typedef {{ server: string, perSecond: number, cpuUs: number, p50Us: number, p99Us: number, p999Us: number,
 *   residentMb: number, loadCpuShare: number, bytesPerConnection?: number }} Row
 * @typedef {{ name: string, title: string, mode: string, rows: readonly Row[] }} Result
 */

/**
 * @param {{ machine: { cpu: string, cores: number, node: string, at: string }, options: { rounds: string, ms: string },
 *   results: readonly Result[], pipeline: any }} measured
 * @param {string} docs the folder of the pages
 */
export function writeReport({ machine, options, pipeline, results }, docs) {
  mkdirSync(`${docs}/images`, { recursive: true });
  const engine = results.filter(({ name }) => !isSystem(name));
  const system = results.filter(({ name }) => isSystem(name));
  const sections = [];
  for (const [name, title, part] of [
    ["engine", "The engine", engine],
    ["system", "The whole system", system],
  ]) {
    if (part.length === 0) continue;
    writeFileSync(`${docs}/images/bench-${name}.svg`, chart(part));
    sections.push(`## ${title}\n\n![CPU time of the server, ${title.toLowerCase()}](images/bench-${name}.svg)\n`);
    sections.push(...part.map(table));
  }
  if (pipeline !== undefined) sections.push(pipelineTable(pipeline));
  const day = machine.at.slice(0, 10);
  writeFileSync(
    `${docs}/benchmarks.md`,
    `# Benchmarks

<!-- Written by \`npm run bench\`: measure again instead of changing it. -->

Measured on ${day} with Node ${machine.node} on a machine with ${machine.cores} cores (${machine.cpu}). \`npm run bench\`
measures all of it again in about a quarter of an hour and writes this page; \`npm run bench -- NAME\` measures one case. It
installs the others' packages by itself, and needs a C compiler and, for Python, Debian's \`python3-websockets\`.

Each server runs alone on one core, the load generator on the other; the servers of a case take turns, ${options.rounds}
rounds of ${Number(options.ms) / 1000} s each, and the medians are told. What counts is the **CPU time of the server for an
operation**: the machine is shared, its clock is not ours, and whoever needs half of the time does twice the work with the
same bill. *ours* is busbar's CPU time as a multiple of that server's: below 1, busbar needs less.

The load generator is written in C and checks what it receives: a message that is wrong, missing, or out of order ends the
run. That it is not what is measured is to be seen in its own CPU time, the last column, and in the floor: a bare epoll
server in C, which does nothing but WebSocket frames.

${sections.join("\n")}`,
  );
}

/** @param {string} name */
function isSystem(name) {
  return name.startsWith("system") || name.startsWith("publish");
}

/** @param {Row} row */
const valueOf = ({ bytesPerConnection, cpuUs }) => bytesPerConnection ?? cpuUs;

/** @param {number} value */
const number = (value) => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(value >= 10 ? 1 : 2));

/** One block of bars for each case. @param {readonly Result[]} results */
function chart(results) {
  const blocks = [];
  let top = 16;
  for (const { mode, rows, title } of results) {
    const most = Math.max(...rows.map(valueOf));
    const unit = mode === "idle" ? "bytes of memory for each connection" : "µs of CPU for each operation";
    blocks.push(
      `<text x="16" y="${top + 14}" class="title">${escaped(title)}</text>`,
      `<text x="${WIDTH - 16}" y="${top + 14}" class="unit" text-anchor="end">${unit}</text>`,
    );
    top += 26;
    for (const row of rows) {
      const isOurs = row.server.startsWith("busbar");
      const value = valueOf(row);
      const length = Math.max(2, (value / most) * BAR_MAX);
      blocks.push(
        `<text x="${BAR_AT - 10}" y="${top + 16}" text-anchor="end" class="name${isOurs ? " ours" : ""}">${escaped(row.server)}</text>`,
        `<rect x="${BAR_AT}" y="${top + 4}" width="${length.toFixed(1)}" height="${ROW - 9}" rx="3" fill="${isOurs ? "#b4531f" : "#b9c0c7"}"/>`,
        `<text x="${(BAR_AT + length + 8).toFixed(1)}" y="${top + 16}" class="value">${number(value)}</text>`,
      );
      top += ROW;
    }
    top += 18;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img">
<style>text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.unit{fill:#6b7280;font-size:12px}.ours{font-weight:600}.value{font-variant-numeric:tabular-nums}</style>
<rect width="100%" height="100%" rx="8" fill="#ffffff"/>
${blocks.join("\n")}
</svg>
`;
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** @param {Result} result */
function table({ mode, name, rows, title }) {
  const [ours] = rows;
  const ratio = (/** @type {Row} */ row) =>
    ours === undefined || row === ours ? "" : `${(valueOf(ours) / valueOf(row)).toFixed(2)} ×`;
  const lines =
    mode === "idle"
      ? [
          "| server | bytes for each | ours | RSS |",
          "| --- | --: | --: | --: |",
          ...rows.map(
            (row) =>
              `| ${row.server} | ${number(row.bytesPerConnection ?? 0)} | ${ratio(row)} | ${Math.round(row.residentMb)} MB |`,
          ),
        ]
      : [
          "| server | a second | CPU µs | ours | p50 µs | p99 µs | p99.9 µs | RSS | load's CPU |",
          "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
          ...rows.map(
            (row) =>
              `| ${row.server} | ${number(row.perSecond)} | ${row.cpuUs.toFixed(2)} | ${ratio(row)} | ${number(row.p50Us)} | ${number(row.p99Us)} | ${number(row.p999Us)} | ${Math.round(row.residentMb)} MB | ${Math.round(row.loadCpuShare * 100)} % |`,
          ),
        ];
  return `### ${title}\n\n\`npm run bench -- ${name}\`\n\n${lines.join("\n")}\n`;
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
