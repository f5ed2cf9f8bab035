/**
 * How cost grows: the same work at sizes that lie powers of ten apart. What is told is the CPU time for a unit of the
 * work, and its slope where both axes are logarithmic: 0 is a cost that is linear in the work, above 0 it is worse.
 *
 * @typedef {import("./cases.mjs").Case} Case
 *
 * @typedef {object} Growth
 * @property {string} name for `npm run bench -- NAME`
 * @property {string} title
 * @property {string} short the title of its chart
 * @property {string} work what is done
 * @property {string} of what grows
 * @property {string} per the unit of the work
 * @property {readonly number[]} sizes
 * @property {readonly string[]} servers
 * @property {Readonly<Record<string, number>>} [sizesMax] servers that take too long to be brought to the largest sizes
 * @property {number} [onceFrom] sizes from here on take so long that they are measured once
 * @property {(size: number) => Case} caseOf
 * @property {(size: number) => number} [unitsOf] how many units an operation has; default: one
 */

const tens = (/** @type {number} */ from, /** @type {number} */ to) =>
  Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));

/** @type {Omit<Case, "name" | "title" | "mode">} */
const small = { group: "system", per: "delivery", conns: 10, size: 64, inflight: 8, servers: [], warmupMs: 1200 };
const publish = { ...small, conns: 1, inflight: 64, mode: /** @type {const} */ ("fanout") };

/** @type {readonly Growth[]} */
export const growths = [
  {
    name: "grow-subscribers",
    short: "Subscribers of a channel",
    work: "fan-out",
    title: "Subscribers of a channel, 8 publishes in flight",
    of: "subscribers",
    per: "delivery",
    sizes: tens(1, 4),
    servers: ["memory", "engine", "floor"],
    // Many make few rounds: it takes longer until the code is compiled.
    caseOf: (conns) => ({
      ...small,
      name: "",
      title: "",
      mode: "fanout",
      conns,
      ...(conns > 1000 && { warmupMs: 2000 }),
    }),
  },
  {
    name: "grow-channels",
    short: "Channels, published to in turn",
    work: "publishing",
    title: "Channels, with a subscriber each, published to in turn by 10 connections, 64 in flight",
    of: "channels",
    per: "publish and its delivery",
    sizes: tens(1, 5),
    servers: ["memory"],
    caseOf: (rooms) => ({
      ...small,
      name: "",
      title: "",
      mode: "fanout",
      rooms,
      members: 1,
      inflight: 64,
      warmupMs: 1500,
    }),
  },
  {
    name: "grow-history-read",
    short: "Reading the last 100 messages of a log",
    work: "reading",
    title: "Messages in the log, of which the last 100 are read",
    of: "messages in the log",
    per: "message that is read",
    sizes: tens(2, 6),
    servers: ["memory", "disk"],
    sizesMax: { disk: 100_000 },
    caseOf: (history) => ({
      ...small,
      name: "",
      title: "",
      mode: "history",
      missed: 100,
      history,
      options: { keep: history },
    }),
  },
  {
    name: "grow-history-publish",
    short: "Publishing to a log that is full",
    work: "publishing",
    title: "Messages that a log keeps, with each publish the oldest goes",
    of: "messages in the log",
    per: "publish and its delivery",
    sizes: tens(2, 6),
    servers: ["memory", "disk"],
    sizesMax: { disk: 100_000 },
    onceFrom: 1_000_000,
    caseOf: (history) => ({ ...publish, name: "", title: "", options: { keep: history, history } }),
  },
  {
    name: "grow-payload",
    short: "Bytes of a message, to 10 subscribers",
    work: "fan-out",
    title: "Bytes of a message, to 10 subscribers, 4 publishes in flight",
    of: "bytes of a message",
    per: "KiB",
    sizes: [16, 256, 4096, 65_536, 1_048_576],
    servers: ["engine", "memory", "floor"],
    unitsOf: (size) => size / 1024,
    caseOf: (size) => ({ ...small, name: "", title: "", mode: "fanout", size, inflight: 4, options: { keep: 100 } }),
  },
];

/** The slope of a straight line through the points, both coordinates as logarithms. @param {readonly { size: number, value: number }[]} points */
export function slopeOf(points) {
  const logs = points.map(({ size, value }) => ({ x: Math.log10(size), y: Math.log10(value) }));
  const middle = (/** @type {"x" | "y"} */ axis) => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length;
  const [x, y] = [middle("x"), middle("y")];
  const over = logs.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
  return over / logs.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
}

/** What measurements scatter by: a slope of so much is a quarter more in a tenfold. */
export const SLOPE_MAX = 0.1;

/**
 * Say of each server's points how the cost grows, over all sizes and between the last two, where no fixed cost hides it.
 * Worse than linear is what grows faster than the floor's cost: kernel and caches are the same for all.
 *
 * @template {{ id: string, points: readonly { size: number, value: number }[] }} Line
 * @param {readonly Line[]} lines
 */
export function judged(lines) {
  const slopes = lines.map(({ id, points }) => ({ id, slope: slopeOf(points), lastSlope: slopeOf(points.slice(-2)) }));
  const floor = slopes.find(({ id }) => id === "floor") ?? { slope: 0, lastSlope: 0 };
  return lines.map((line, index) => {
    const { lastSlope, slope } = slopes[index];
    const isOver = (/** @type {number} */ ours, /** @type {number} */ least) => ours > SLOPE_MAX + Math.max(0, least);
    return { ...line, slope, lastSlope, isWorse: isOver(slope, floor.slope) || isOver(lastSlope, floor.lastSlope) };
  });
}
