/** The benchmarks' load generator sees what servers do wrong: a run that measured work which was not done must not end well. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root, run } from "../../scripts/program.mjs";
import type { WebSocketServer } from "../../src/engine/web-socket-server.js";
import { describeWith } from "../requirements.js";
import { echoing, fanningOut, resuming, type Fault } from "./faulty-server.js";

const folder = mkdtempSync(join(tmpdir(), "busbar-load-"));
const load = join(folder, "load");

/** What the load generator says of each fault. */
const complaints: Readonly<Record<Exclude<Fault, "none">, RegExp>> = {
  drops: /message \d+ came where \d+ should/,
  "drops all from there on": /messages are missing/,
  swaps: /message \d+ came where \d+ should/,
  doubles: /message \d+ came where \d+ should/,
  "changes a byte": /a message was changed/,
  "changes the number": /message 7+ came where \d+ should/,
  cuts: /a message was changed|a message has \d+ bytes and should have \d+/,
  lengthens: /a message goes on behind its end|a message has \d+ bytes and should have \d+/,
};
const faults: readonly [Exclude<Fault, "none">, RegExp][] = [
  ["drops", complaints.drops],
  ["drops all from there on", complaints["drops all from there on"]],
  ["swaps", complaints.swaps],
  ["doubles", complaints.doubles],
  ["changes a byte", complaints["changes a byte"]],
  ["changes the number", complaints["changes the number"]],
  ["cuts", complaints.cuts],
  ["lengthens", complaints.lengthens],
];

/** Put the load on a server; its exit code, what it told, and what it said. */
async function put(server: WebSocketServer, words: string): Promise<{ code: number; output: string }> {
  const flags = `--port ${server.port} --pid ${process.pid} --warmup 100 --ms 200 --drain 1000 ${words}`.split(" ");
  try {
    return await run(load, flags);
  } finally {
    await server.close();
  }
}

describeWith("gcc libc6-dev zlib1g-dev", "the load generator", (cc) => {
  beforeAll(async () => {
    const sources = readdirSync(join(root, "bench/load")).filter((name) => name.endsWith(".c"));
    const paths = sources.map((name) => join(root, "bench/load", name));
    const { code, output } = await run(cc, ["-O1", "-Wall", "-Wextra", "-Werror", "-o", load, ...paths, "-lz"]);
    expect(output).toBe("");
    expect(code).toBe(0);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["echo", "--mode echo --conns 4 --inflight 4", async () => echoing("none", false)],
    ["compressed echo", "--mode echo --conns 4 --size 1100 --deflate 1", async () => echoing("none", true)],
    ["fan-out", "--mode fanout --conns 8 --inflight 4", async () => fanningOut("none", false)],
    ["fan-out at a rate", "--mode fanout --conns 8 --rate 500", async () => fanningOut("none", false)],
    [
      "compressed fan-out",
      "--mode fanout --conns 8 --inflight 4 --size 1100 --deflate 1",
      async () => fanningOut("none", true),
    ],
    ["resuming", "--mode resume --dialect busbar --conns 8 --inflight 4 --missed 40", async () => resuming("none")],
  ])("tells what %s costs where nothing is wrong", async (_, words, server) => {
    const { code, output } = await put(await server(), words);
    expect(output).toMatch(/^\{"operations":[1-9]/);
    expect(code).toBe(0);
  });

  it.each(faults)("fails where an echo %s", async (fault, complaint) => {
    const { code, output } = await put(await echoing(fault, false), "--mode echo --conns 4 --inflight 4");
    expect(output).toMatch(complaint);
    expect(code).toBe(1);
  });

  it.each(faults)("fails where a fan-out to one of many %s", async (fault, complaint) => {
    const { code, output } = await put(await fanningOut(fault, false), "--mode fanout --conns 8 --inflight 4");
    expect(output).toMatch(complaint);
    expect(code).toBe(1);
  });

  it.each(faults)("fails where a compressed fan-out to one of many %s", async (fault, complaint) => {
    const words = "--mode fanout --conns 8 --inflight 4 --size 1100 --deflate 1";
    const { code, output } = await put(await fanningOut(fault, true), words);
    expect(output).toMatch(complaint);
    expect(code).toBe(1);
  });

  it.each(faults)("fails where what was missed %s", async (fault, complaint) => {
    const words = "--mode resume --dialect busbar --conns 8 --inflight 4 --missed 40";
    const { code, output } = await put(await resuming(fault), words);
    expect(output).toMatch(complaint);
    expect(code).toBe(1);
  });
});
