import { afterEach, describe, expect, it, vi } from "vitest";
import { consoleLogger, type ConsoleLoggerOptions } from "./logger.js";

describe("a logger for the console", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const linesOf = (options: ConsoleLoggerOptions): string[] => {
    const lines: string[] = [];
    const logger = consoleLogger({ write: (line) => void lines.push(line), wallTimeMs: () => 0, ...options });
    for (const level of ["debug", "info", "warn", "error"] as const)
      logger[level]("a/b", { n: 1, text: "two\nlines", not: undefined });
    return lines;
  };

  it("writes one JSON object a line", () => {
    const [line] = linesOf({ level: "error" });
    expect(line).toBe('{"time":"1970-01-01T00:00:00.000Z","level":"error","event":"a/b","n":1,"text":"two\\nlines"}');
  });

  it.each([
    [{}, ["info", "warn", "error"]],
    [{ level: "debug" }, ["debug", "info", "warn", "error"]],
    [{ level: "warn" }, ["warn", "error"]],
  ] as const)("with %o writes %s", (options, expected) => {
    expect(linesOf(options).map((line) => JSON.parse(line).level)).toEqual(expected);
  });

  it("writes to standard error, with the time, where it is not told otherwise", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    consoleLogger().info("a/b");
    expect(write).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^\{"time":"20\d\d-.*","event":"a\/b"\}\n$/));
  });
});
