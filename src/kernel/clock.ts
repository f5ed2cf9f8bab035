/** A task that was scheduled and can still be taken back. */
export interface Timer {
  /** Take the task back. Does nothing once it ran. */
  cancel(): void;
}

/** The port for time. Floors 0 to 3 know no other clock. */
export interface Clock {
  /** Milliseconds since an arbitrary origin; never goes back. For durations. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC; can jump. For timestamps that people read. */
  wallTimeMs(): number;
  /** Run `task` once, `delayMs` from now at the earliest. */
  schedule(delayMs: number, task: () => void): Timer;
}

/** The port for the end of a turn of the event loop. */
export interface Turns {
  /** Run `task` once, when everything that is ready in this turn has been worked off. */
  atEndOfTurn(task: () => void): void;
}
