/** Draws charts as SVG: panels in two columns, bars for costs and lines for how they grow. */

const WIDTH = 920;
const GAP = 20;
const PANEL = (WIDTH - 3 * GAP) / 2;
const ROW = 23;
const HEAD = 48;
const NAMES = 150;
const VALUES = 56;
const PLOT = 190;

const OURS = "#b4531f";
const OTHERS = "#a9b4c0";
const FLOOR = "#dfe4e9";
const floors = ["floor", "bunFloor"];
/** By the place among ours: the engine or memory first. */
const OUR_COLORS = [OURS, "#dc9468", "#edc3a7"];
const LINE_COLORS = { memory: OURS, engine: "#2f6f8f", disk: "#dc9468", floor: "#9aa4ae" };

/** @typedef {{ server: string, id: string, value: number }} Bar */
/** @typedef {{ title: string, unit: string, bars: readonly Bar[] }} BarPanel */
/** @typedef {{ title: string, of: string, unit: string, lines: readonly { id: string, server: string, slope: number, isWorse: boolean,
 *   points: readonly { size: number, value: number }[] }[] }} LinePanel */

/** Panels of bars. @param {readonly BarPanel[]} panels @param {string} label what a reader who sees no pictures is told */
export function barChart(panels, label) {
  return grid(
    panels.map((panel) => ({ height: HEAD + panel.bars.length * ROW + 14, draw: () => bars(panel) })),
    label,
  );
}

/** Panels of lines, both axes logarithmic. @param {readonly LinePanel[]} panels @param {string} label */
export function lineChart(panels, label) {
  return grid(
    panels.map((panel) => ({ height: HEAD + PLOT + 40 + panel.lines.length * 18, draw: () => lines(panel) })),
    label,
  );
}

/** @param {readonly { height: number, draw: () => string }[]} panels @param {string} label */
function grid(panels, label) {
  const parts = [];
  let top = GAP;
  for (let index = 0; index < panels.length; index += 2) {
    const row = panels.slice(index, index + 2);
    const height = Math.max(...row.map((panel) => panel.height));
    row.forEach(({ draw }, column) => {
      const left = GAP + column * (PANEL + GAP);
      parts.push(
        `<g transform="translate(${left} ${top})"><rect width="${PANEL}" height="${height}" rx="8" class="panel"/>${draw()}</g>`,
      );
    });
    top += height + GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img" aria-label="${escaped(label)}">
<style>text{font:12.5px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#3b4550}.title{font-weight:600;font-size:13.5px;fill:#1c2329}.unit,.tick{fill:#6b7682;font-size:11.5px}.ours{font-weight:600;fill:#1c2329}.value{font-variant-numeric:tabular-nums}.panel{fill:#fff;stroke:#e3e7eb}.axis{stroke:#e9edf0}</style>
<rect width="100%" height="100%" rx="10" fill="#f6f8fa"/>
${parts.join("\n")}
</svg>
`;
}

/** @param {string} title @param {string} unit */
function head(title, unit) {
  return `<text x="16" y="22" class="title">${escaped(title)}</text><text x="16" y="39" class="unit">${escaped(unit)}</text>`;
}

/** @param {BarPanel} panel */
function bars({ bars: all, title, unit }) {
  const [most, isCut] = scaleOf(all.map(({ value }) => value));
  const room = PANEL - NAMES - VALUES - 16;
  const ours = all.filter(({ server }) => isOurs(server));
  const parts = all.map((bar, index) => {
    const isLong = isCut && bar.value > most;
    const y = HEAD + index * ROW;
    const length = isLong ? room : Math.max(2, (bar.value / most) * room);
    const color = isOurs(bar.server) ? OUR_COLORS[ours.indexOf(bar)] : floors.includes(bar.id) ? FLOOR : OTHERS;
    return (
      `<text x="${NAMES}" y="${y + 15}" text-anchor="end" class="${isOurs(bar.server) ? "ours" : ""}">${escaped(shortName(bar.server))}</text>` +
      `<rect x="${NAMES + 10}" y="${y + 4}" width="${length.toFixed(1)}" height="${ROW - 8}" rx="3" fill="${color}"/>` +
      (isLong
        ? `<path d="M${NAMES + room - 18} ${y + ROW - 2}l6 -20m4 0l-6 20" stroke="#fff" stroke-width="2.5"/>`
        : "") +
      `<text x="${(NAMES + length + 16).toFixed(1)}" y="${y + 15}" class="value ${isOurs(bar.server) ? "ours" : ""}">${number(bar.value)}</text>`
    );
  });
  return head(title, unit) + parts.join("");
}

/**
 * The value that has the longest bar. One bar that is far longer than several others is cut, so that these
 * can be compared.
 *
 * @param {readonly number[]} values
 * @returns {readonly [number, boolean]}
 */
function scaleOf(values) {
  const [most = 1, second = most] = values.toSorted((one, other) => other - one);
  return values.length > 4 && most > 2 * second ? [second * 1.15, true] : [most, false];
}

/** @param {LinePanel} panel */
function lines({ lines: all, of, title, unit }) {
  const [left, right, top] = [58, PANEL - 24, HEAD + 8];
  const points = all.flatMap((line) => line.points);
  const x = logScale(
    points.map(({ size }) => size),
    left,
    right,
  );
  const values = points.map(({ value }) => value);
  const y = logScale(
    [10 ** Math.floor(Math.log10(Math.min(...values))), 10 ** Math.ceil(Math.log10(Math.max(...values)))],
    top + PLOT - 30,
    top,
  );
  const bottom = top + PLOT - 30;
  const parts = [head(title, unit)];
  for (const value of y.tens)
    parts.push(
      `<line x1="${left}" x2="${right}" y1="${y.at(value)}" y2="${y.at(value)}" class="axis"/><text x="${left - 8}" y="${y.at(value) + 4}" text-anchor="end" class="tick">${tick(value)}</text>`,
    );
  for (const size of new Set(points.map((point) => point.size)))
    parts.push(`<text x="${x.at(size)}" y="${bottom + 18}" text-anchor="middle" class="tick">${tick(size)}</text>`);
  parts.push(
    `<text x="${(left + right) / 2}" y="${bottom + 36}" text-anchor="middle" class="unit">${escaped(of)}</text>`,
  );
  all.forEach((line, index) => {
    const color = LINE_COLORS[line.id] ?? OTHERS;
    const at = line.points.map(({ size, value }) => `${x.at(size)},${y.at(value)}`);
    parts.push(
      `<polyline points="${at.join(" ")}" fill="none" stroke="${color}" stroke-width="2.2" stroke-linejoin="round"/>`,
      ...line.points.map(
        ({ size, value }) => `<circle cx="${x.at(size)}" cy="${y.at(value)}" r="3.4" fill="${color}"/>`,
      ),
      `<circle cx="${left}" cy="${bottom + 56 + index * 18}" r="4.5" fill="${color}"/><text x="${left + 12}" y="${bottom + 60 + index * 18}">${escaped(line.server)}: slope ${slopeText(line.slope)}${line.isWorse ? ", worse than linear" : ""}</text>`,
    );
  });
  return parts.join("");
}

/** @param {readonly number[]} values @param {number} from @param {number} to */
function logScale(values, from, to) {
  const least = Math.log10(Math.min(...values));
  const most = Math.log10(Math.max(...values));
  const tens = [];
  for (let power = Math.ceil(least); power <= Math.floor(most); power++) tens.push(10 ** power);
  const span = most - least || 1;
  return {
    tens,
    at: (/** @type {number} */ value) => Number((from + ((Math.log10(value) - least) / span) * (to - from)).toFixed(1)),
  };
}

/** @param {number} value */
function tick(value) {
  if (value >= 1_048_576) return `${value / 1_048_576}M`;
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  if (value >= 1024 && value % 1024 === 0) return `${value / 1024}K`;
  if (value >= 1000) return `${value / 1000}k`;
  return value >= 1 ? String(value) : value.toPrecision(1).replace(/^0/, "0");
}

/** @param {string} server */
export const isOurs = (server) => server.startsWith("busbar");

/** @param {string} server */
const shortName = (server) => server.replace("busbar, the engine", "busbar");

/** @param {number} value */
export function number(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(value >= 10 ? 1 : 2);
}

/** Two decimals, and no minus before zero. @param {number} slope */
export const slopeText = (slope) => slope.toFixed(2).replace("-0.00", "0.00");

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
