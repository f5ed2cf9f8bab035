import type { LogFields, Logger } from "../../kernel/logger.js";

export type LogLevel = keyof Logger;

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export interface ConsoleLoggerOptions {
  /** Lines below it are left out. Default: `info`. */
  readonly level?: LogLevel;
  /** Takes each line, without its end. Default: standard error. */
  readonly write?: (line: string) => void;
  /** The time, in milliseconds since 1970 UTC. */
  readonly wallTimeMs?: () => number;
}

/**
 * A logger that writes one JSON object a line: `time`, `level`, `event`, then the event's fields.
 *
 * @example {"time":"2025-01-01T00:00:00.000Z","level":"warn","event":"session/refused","principal":"rob"}
 */
export function consoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  const { level: lowest = "info", wallTimeMs = Date.now, write = writeToStandardError } = options;
  const log = (level: LogLevel): ((event: string, fields?: LogFields) => void) => {
    if (levels.indexOf(level) < levels.indexOf(lowest)) return () => undefined;
    return (event, fields) => {
      write(JSON.stringify({ time: new Date(wallTimeMs()).toISOString(), level, event, ...fields }));
    };
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

function writeToStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
