import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../requirements.js";
import { bundled } from "./program.js";

interface Call {
  readonly name: string;
  readonly fd: number;
  readonly text: string;
}

/** The system calls in the order in which they ended; those that others interrupted are put together. */
function callsOf(trace: string): Call[] {
  const begun = new Map<string, string>();
  return trace.split("\n").flatMap((line) => {
    const [, pid = "", rest = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (rest.includes("<unfinished ...>")) {
      begun.set(pid, rest.replace("<unfinished ...>", ""));
      return [];
    }
    const whole = rest.startsWith("<...")
      ? `${begun.get(pid) ?? ""}${rest.replace(/^<\.\.\. \w+ resumed>/, "")}`
      : rest;
    const [, name = "", fd = ""] = /^(\w+)\((\d+)/.exec(whole) ?? [];
    return name === "" ? [] : [{ name, fd: Number(fd), text: whole }];
  });
}

/** Run a program under strace, and say of each of its receipts whether a sync lies between it and what it is a receipt of. */
function receiptsOf(strace: string, [name, ...args]: readonly [string, ...string[]]): ("synced" | "too early")[] {
  const folder = mkdtempSync(join(tmpdir(), "busbar-fsync-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const trace = join(folder, "trace");
  const calls = ["write", "pwrite64", "pwritev", "fsync", "fdatasync", "msync"].join(",");
  const options = ["-f", "-s", "64", "-e", `trace=${calls}`, "-o", trace];
  const command = [process.execPath, bundled(name), join(folder, "data"), ...args];
  const run = spawnSync(strace, [...options, ...command], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  const seen = callsOf(readFileSync(trace, "utf8"));
  let from = seen.findIndex(({ text }) => text.includes('"opened'));
  return seen.flatMap(({ text }, at) => {
    if (!text.includes('"receipt ')) return [];
    const between = seen.slice(from + 1, at);
    from = at;
    const synced = between.findIndex((call) => ["fdatasync", "fsync", "msync"].includes(call.name));
    const file = between[synced]?.fd;
    const written = between.findIndex((call) => call.name.startsWith("pwrite") && call.fd === file);
    return [written >= 0 && synced > written ? "synced" : "too early"];
  });
}

describeWith("strace", "a receipt of durability disk", (strace) => {
  it("comes when a sync of the file has ended that began after its message was written", () => {
    expect(receiptsOf(strace, ["appender", "20", "3"])).toEqual(Array.from({ length: 20 }, () => "synced"));
  });

  it("comes so when a queued message was accepted, and when it ended", () => {
    expect(receiptsOf(strace, ["job-writer", "10", "3"])).toEqual(Array.from({ length: 20 }, () => "synced"));
  });
});
