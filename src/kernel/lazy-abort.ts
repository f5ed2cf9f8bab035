/**
 * An AbortController whose signal is made when somebody asks for it: most work is over before anybody does, and making one
 * takes longer than much of the work.
 */
export class LazyAbort {
  readonly #listeners = new Set<(reason: Error) => void>();
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Abort; the first reason stays. */
  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const listener of this.#listeners) listener(reason);
  }

  /**
   * What a promise settles with, or a rejection with the reason where the abort comes first. `onSettled` is called once, with
   * the one or the other.
   */
  until<Value>(value: Promise<Value>, onSettled: () => void = nothing): Promise<Value> {
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const settle = (): void => {
        if (isSettled) return;
        isSettled = true;
        this.#listeners.delete(giveUp);
        onSettled();
      };
      const giveUp = (reason: unknown): void => {
        settle();
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- handed on as it is
        reject(reason);
      };
      this.#listeners.add(giveUp);
      if (this.#reason !== undefined) giveUp(this.#reason);
      value.then((result) => {
        settle();
        resolve(result);
      }, giveUp);
    });
  }
}

function nothing(): void {}
