import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
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

describeWith("strace", "a receipt of durability disk", (path) => {
  it("comes when a sync of the file has ended that began after its message was written", () => {
    const folder = mkdtempSync(join(tmpdir(), "busbar-fsync-"));
    const trace = join(folder, "trace");
    const program = bundled("appender");
    const calls = ["write", "pwrite64", "pwritev", "fsync", "fdatasync", "msync"].join(",");
    const options = ["-f", "-s", "64", "-e", `trace=${calls}`, "-o", trace];
    const run = spawnSync(path, [...options, process.execPath, program, join(folder, "data"), "20", "3"], {
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
    const seen = callsOf(readFileSync(trace, "utf8"));
    const receipts = seen.flatMap(({ text }, at) => (text.includes('"receipt ') ? [at] : []));
    expect(receipts).toHaveLength(20);
    let from = seen.findIndex(({ text }) => text.includes('"opened '));
    for (const at of receipts) {
      const between = seen.slice(from + 1, at);
      const synced = between.findIndex(({ name }) => name === "fdatasync" || name === "fsync" || name === "msync");
      const file = between[synced]?.fd;
      const written = between.findIndex(({ fd, name }) => name.startsWith("pwrite") && fd === file);
      expect([written >= 0, synced > written]).toEqual([true, true]);
      from = at;
    }
    rmSync(folder, { recursive: true });
  });
});
