/**
 * Where busbar should be, and where it is: each target is computed from what was measured. A target whose cases were not
 * measured is left out.
 *
 * @typedef {{ results: readonly (import("./cases.mjs").Case & { rows: readonly import("./measure.mjs").Row[] })[],
 *   growth?: readonly any[] }} Measured
 * @typedef {{ what: string, target: string, measured: string, isMet: boolean }} Target
 */

import { slopeText } from "./charts.mjs";

const ENGINE_CASES = [
  ["echo-1", "echo, one in flight"],
  ["echo-16", "echo, 16 in flight"],
  ["echo-16k", "echo, 16 KiB"],
  ["fanout-1", "fan-out, one in flight"],
  ["fanout-8", "fan-out, 8 in flight"],
  ["fanout-1k", "fan-out, 1 KiB, 4 in flight"],
  ["handshakes", "handshakes"],
];

/** Our CPU time as a multiple of uWebSockets.js' can be so much. */
const UWEBSOCKETS_MAX = {
  "echo-1": 1.4,
  "echo-16": 1.0,
  "echo-16k": 1.5,
  "fanout-1": 1.4,
  "fanout-8": 1.1,
};

/** @param {Measured} measured @returns {readonly Target[]} */
export function targetsOf({ growth = [], results }) {
  const rowOf = (/** @type {string} */ name, /** @type {string} */ id) =>
    results.find((one) => one.name === name)?.rows.find((row) => row.id === id);
  /** @type {Target[]} */
  const targets = [];
  /**
   * @param {string} what
   * @param {readonly (import("./measure.mjs").Row | undefined)[]} rows
   * @param {{ value: (...rows: any[]) => number, most?: number, least?: number, unit: string }} want
   */
  const add = (what, rows, { least, most, unit, value }) => {
    if (rows.includes(undefined)) return;
    const is = value(...rows);
    targets.push({
      what,
      target: most === undefined ? `≥ ${shown(least ?? 0)}${unit}` : `≤ ${shown(most)}${unit}`,
      measured: `${shown(is)}${unit}`,
      isMet: most === undefined ? is >= (least ?? 0) : is <= most,
    });
  };
  const cpuRatio = (/** @type {any} */ ours, /** @type {any} */ theirs) => ours.cpuUs / theirs.cpuUs;
  const timesCheaper = (/** @type {any} */ ours, /** @type {any} */ theirs) => theirs.cpuUs / ours.cpuUs;
  for (const [name, title] of ENGINE_CASES) {
    const most = UWEBSOCKETS_MAX[name];
    if (most === undefined) continue;
    add(`${title}: CPU beside uWebSockets.js`, [rowOf(name, "engine"), rowOf(name, "uwebsockets")], {
      value: cpuRatio,
      most,
      unit: " ×",
    });
  }
  for (const [name, title] of ENGINE_CASES)
    add(`${title}: CPU beside ws`, [rowOf(name, "engine"), rowOf(name, "ws")], {
      value: cpuRatio,
      most: 1,
      unit: " ×",
    });
  add("compressed echo: CPU beside ws", [rowOf("deflate-echo", "engine"), rowOf("deflate-echo", "ws")], {
    value: cpuRatio,
    most: 1,
    unit: " ×",
  });
  add("fan-out, 8 in flight: cheaper than ws", [rowOf("fanout-8", "engine"), rowOf("fanout-8", "ws")], {
    value: timesCheaper,
    least: 8,
    unit: " times",
  });
  add("compressed fan-out: cheaper than ws", [rowOf("deflate-fanout", "engine"), rowOf("deflate-fanout", "ws")], {
    value: timesCheaper,
    least: 10,
    unit: " times",
  });
  for (const [name, title] of ENGINE_CASES)
    add(`on Bun, ${title}: CPU beside uWebSockets.js`, [rowOf(name, "busbarBun"), rowOf(name, "uwebsockets")], {
      value: cpuRatio,
      most: 1,
      unit: " ×",
    });
  const bytes = (/** @type {any} */ row) => row.bytesPerConnection;
  add("an idle connection of the engine", [rowOf("idle", "engine")], { value: bytes, most: 5000, unit: " bytes" });
  add("an idle connection: memory beside ws", [rowOf("idle", "engine"), rowOf("idle", "ws")], {
    value: (ours, theirs) => bytes(ours) / bytes(theirs),
    most: 1,
    unit: " ×",
  });
  add("an idle client with a session and three subscriptions", [rowOf("idle-3", "memory")], {
    value: bytes,
    most: 9000,
    unit: " bytes",
  });
  add(
    "whole system, memory, 8 in flight: deliveries for a CPU second beside Socket.IO",
    [rowOf("system-8", "memory"), rowOf("system-8", "socketio")],
    {
      value: timesCheaper,
      least: 5,
      unit: " times",
    },
  );
  add("whole system, memory, one in flight: the same", [rowOf("system-1", "memory"), rowOf("system-1", "socketio")], {
    value: timesCheaper,
    least: 1,
    unit: " times",
  });
  add("disk: acknowledged publishes, 256 in flight on one channel", [rowOf("publish-256", "disk")], {
    value: (row) => row.perSecond,
    least: 20_000,
    unit: " a second",
  });
  for (const [name, title] of [
    ["system-1", "one in flight"],
    ["system-8", "8 in flight"],
  ])
    add(`disk, fan-out, ${title}: CPU beside memory`, [rowOf(name, "disk"), rowOf(name, "memory")], {
      value: cpuRatio,
      most: 1.25,
      unit: " ×",
    });
  for (const id of ["memory", "disk"])
    add(`${id}, 1,000 subscribers, half the highest rate: p99 of a delivery`, [rowOf("system-half", id)], {
      value: (row) => row.p99Us / 1000,
      most: 5,
      unit: " ms",
    });
  for (const { lines, of, work } of growth)
    for (const { id, isWorse, lastSlope, server, slope } of lines) {
      if (id === "floor") continue;
      targets.push({
        what: `${server}: cost of ${work} with ${of}`,
        target: "no worse than linear",
        measured: `slope ${slopeText(slope)}, at the end ${slopeText(lastSlope)}`,
        isMet: !isWorse,
      });
    }
  return targets;
}

/** @param {number} value */
function shown(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2).replace(/\.?0+$/, "");
}
