/**
 * `npm run bench -- pipeline`: what processing costs. Inline against no processor, and queued on disk: how many messages a
 * second, and how long from publish to delivery at 5,000 a second. Server and load are processes of their own, on cores of
 * their own; the store's threads run beside the load. Wrong, missing or repeated messages fail the run.
 */
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (/** @type {string} */ name) => fileURLToPath(new URL(`pipeline/${name}`, import.meta.url));

/** @param {readonly number[]} numbers */
const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;

/**
 * Pin a process to a core.
 *
 * @param {number | undefined} pid
 * @param {string} cores
 */
async function pin(pid, cores) {
  await once(spawn("taskset", ["-a", "-p", "-c", cores, String(pid)], { stdio: "ignore" }), "exit");
}

/**
 * One server under one load.
 *
 * @param {{ kind: string, isOnDisk: boolean, ms: number, perSecond?: number, inFlight: number, channels: number }} run
 */
async function measure({ kind, isOnDisk, ms, perSecond, inFlight, channels }) {
  const folder = isOnDisk ? mkdtempSync(join(tmpdir(), "busbar-bench-")) : undefined;
  // Messages wait on their way for a while: with a larger nursery fewer of them are copied by the garbage collector.
  const server = fork(here("server.mjs"), folder === undefined ? [kind] : [kind, folder], {
    execArgv: ["--max-semi-space-size=64"],
  });
  const [{ url }] = await once(server, "message");
  // The store writes on threads of its own: with a store the server may use both cores.
  if (folder === undefined) await pin(server.pid, "0");
  const load = fork(here("load.mjs"), [JSON.stringify({ url, ms, perSecond, inFlight, channels })]);
  await pin(load.pid, "1");
  const ask = async () => {
    server.send("figures");
    const [figures] = await once(server, "message");
    return figures;
  };
  let before;
  let after;
  let result;
  load.on("message", async (message) => {
    if (message.begun) before = await ask();
    if (message.ended) after = await ask();
  });
  while (result === undefined) {
    const [message] = await once(load, "message");
    result = message.result;
  }
  server.kill("SIGTERM");
  await once(server, "exit");
  if (folder !== undefined) rmSync(folder, { recursive: true });
  const { accepted, gaps, published, repeats, seen } = result;
  if (gaps > 0 || repeats > 0 || accepted !== published || seen !== published) {
    throw new Error(
      `${kind}: published ${published}, accepted ${accepted}, seen ${seen}, repeats ${repeats}, gaps ${gaps}`,
    );
  }
  return { ...result, cpuUs: (after.cpuUs - before.cpuUs) / result.delivered };
}

/** How many messages a second are published where their latency is measured. */
const PACE = 5_000;

/** @param {{ rounds: number, ms: number }} options */
export async function benchPipeline({ rounds, ms }) {
  const inline = { none: [], inline: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const kind of ["none", "inline"]) {
      const result = await measure({ kind, isOnDisk: false, ms, inFlight: 1024, channels: 16 });
      inline[kind].push(result);
      console.log(
        `round ${round}, ${kind}: ${Math.round(result.rate)} a second, ${result.cpuUs.toFixed(1)} µs of CPU each`,
      );
    }
  }
  const rates = {
    none: median(inline.none.map(({ rate }) => rate)),
    inline: median(inline.inline.map(({ rate }) => rate)),
  };
  const cpus = {
    none: median(inline.none.map(({ cpuUs }) => cpuUs)),
    inline: median(inline.inline.map(({ cpuUs }) => cpuUs)),
  };
  const queued = [];
  for (let round = 1; round <= rounds; round++) {
    const result = await measure({ kind: "queued", isOnDisk: true, ms, inFlight: 1024, channels: 16 });
    queued.push(result);
    console.log(
      `round ${round}, queued on disk: ${Math.round(result.rate)} a second, ${result.cpuUs.toFixed(1)} µs of CPU each`,
    );
  }
  const rate = median(queued.map((result) => result.rate));
  const paced = [];
  for (let round = 1; round <= rounds; round++) {
    const result = await measure({
      kind: "queued",
      isOnDisk: true,
      ms,
      perSecond: PACE,
      inFlight: 4096,
      channels: 16,
    });
    paced.push(result);
    console.log(
      `round ${round}, at ${PACE} a second: p50 ${result.p50.toFixed(1)} ms, p99 ${result.p99.toFixed(1)} ms`,
    );
  }
  const figures = {
    inline: { rates, cpus, rateRatio: rates.inline / rates.none, cpuRatio: cpus.inline / cpus.none },
    queued: {
      rate,
      cpuUs: median(queued.map(({ cpuUs }) => cpuUs)),
      paced: {
        perSecond: PACE,
        p50: median(paced.map(({ p50 }) => p50)),
        p99: median(paced.map(({ p99 }) => p99)),
        p999: median(paced.map(({ p999 }) => p999)),
      },
    },
  };
  console.log(JSON.stringify(figures, null, 2));
  return figures;
}
