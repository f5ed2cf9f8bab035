import type { Clock } from "../../kernel/clock.js";

/** The browser's clock. */
export const browserClock: Clock = {
  now() {
    return performance.now();
  },
  wallTimeMs() {
    return Date.now();
  },
  schedule(delayMs, task) {
    const timeout = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};
