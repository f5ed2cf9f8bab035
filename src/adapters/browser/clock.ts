import type { Clock } from "../../kernel/clock.js";

/** `setTimeout` knows no longer time, and rings at once for one. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** The browser's clock. */
export const browserClock: Clock = {
  now() {
    return performance.now();
  },
  wallTimeMs() {
    return Date.now();
  },
  schedule(delayMs, task) {
    let timeout: ReturnType<typeof setTimeout>;
    const wait = (leftMs: number): void => {
      const goOn = (): void => (leftMs > TIMEOUT_MS_MAX ? wait(leftMs - TIMEOUT_MS_MAX) : task());
      timeout = setTimeout(goOn, Math.min(leftMs, TIMEOUT_MS_MAX));
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};
