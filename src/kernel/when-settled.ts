function forget(): void {}

/**
 * Resolves when `promise` is settled, with nothing, whatever came of it: for whoever waits for its end and keeps the promise,
 * which would keep its outcome, for days where nothing follows.
 */
export function whenSettled(promise: Promise<unknown>): Promise<void> {
  return promise.then(forget, forget);
}
