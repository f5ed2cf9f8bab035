/** Every limit on the page has a test that exceeds it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { limitSections } from "../../scripts/limit-rows.js";
import { root, run } from "../../scripts/program.mjs";
import { channelCases } from "./limit-cases-channels.js";
import { clientCases } from "./limit-cases-clients.js";
import { connectionCases } from "./limit-cases-connections.js";
import { endAfterEach } from "./limit-ground.js";

/**
 * Tests elsewhere: the limits that a client sets itself have theirs beside it, on a clock that the tests move, and what a
 * server cannot be asked for yet has its beside its source.
 */
const besideTheSource: Readonly<Record<string, readonly [file: string, test: string]>> = {
  reconnectDelayMs: [
    "client/backoff",
    "the limit of the delay doubles from 0.5 s to 20 s, and begins again after a good",
  ],
  reconnectDelayMsMax: [
    "client/backoff",
    "the limit of the delay doubles from 0.5 s to 20 s, and begins again after a good",
  ],
  attemptTimeoutMs: ["client/link", "ends an attempt that waits too long for"],
  pingAfterMs: ["client/pulse", "a server that says nothing is asked, and is dead when it stays silent"],
  pongTimeoutMs: ["client/pulse", "a server that says nothing is asked, and is dead when it stays silent"],
  commandBytesMax: ["client/link", "sends nothing that cannot be encoded"],
  messagesWaitingMax: [
    "client/feed",
    "leaves the messages in the log while the reader is slow, and catches up from there",
  ],
  "limits.disk.readBatchesBytesMax": ["adapters/lmdb/lmdb-store", "reads anew where nothing is to be kept"],
  publishesWaitingMax: ["client/publish-queue", "are refused when too many wait, answered or not"],
  publishesInFlightMax: ["client/publish-queue", "are under way a bounded number at a time"],
  publishCommandsPerSecond: [
    "client/publish-queue",
    "leave as fast as a server allows, and together where they wait for that",
  ],
  publishRetryMs: ["client/publish-queue", "is given up when it was tried for as long as a server recognises repeats"],
};

const cases = { ...connectionCases, ...clientCases, ...channelCases };

endAfterEach();

describe("what exceeds a limit", () => {
  it.each(Object.entries(cases))("%s", async (_, exceed) => {
    expect.hasAssertions();
    await exceed();
  });

  it.each(Object.entries(besideTheSource))("%s, beside its source", (_, [file, test]) => {
    expect(readFileSync(join(root, `src/${file}.test.ts`), "utf8")).toContain(test);
  });
});

describe("docs/limits.md", () => {
  it("has a test for each of its rows, and no test is for none of them", () => {
    const rows = limitSections.flatMap((section) => section.rows).map(({ option, what }) => option || what);
    expect([...Object.keys(cases), ...Object.keys(besideTheSource)].toSorted()).toEqual(rows.toSorted());
  });

  it("says what the sources say", async () => {
    const { code, output } = await run(process.execPath, ["scripts/limits.mjs", "--check"]);
    expect([code, output]).toEqual([0, ""]);
  });
});
