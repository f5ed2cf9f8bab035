/** A value that a log line can carry. Secrets do not belong here. */
export type LogValue = string | number | boolean | null | undefined;

export type LogFields = Readonly<Record<string, LogValue>>;

/**
 * The port for logs: one line an event, named `area/what`, with flat fields.
 *
 * `debug` is for developers, `info` for what an operator wants to see once, `warn` for a peer or request that was
 * refused, `error` for what needs somebody.
 */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** A logger that keeps nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
