/** A promise together with the two functions that settle it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value | PromiseLike<Value>): void;
  reject(reason: unknown): void;
}

/** Make a promise that is settled from outside (`Promise.withResolvers` is not in Node 20). */
export function deferred<Value>(): Deferred<Value> {
  let resolve: Deferred<Value>["resolve"] = nothing;
  let reject: Deferred<Value>["reject"] = nothing;
  const promise = new Promise<Value>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  return { promise, resolve, reject };
}

/** A deferred promise whose rejection need not be looked at by anybody: whoever awaits it still sees it. */
export function optionalDeferred<Value>(): Deferred<Value> {
  return new OptionalDeferred();
}

/** A class, as there is one for each message that is sent: closures would be made for each. */
class OptionalDeferred<Value> implements Deferred<Value> {
  readonly promise: Promise<Value>;
  #resolve: Deferred<Value>["resolve"] = nothing;
  #reject: Deferred<Value>["reject"] = nothing;

  constructor() {
    this.promise = new Promise<Value>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(value: Value | PromiseLike<Value>): void {
    // Most of them resolve: a handler is added only where there may be something to handle.
    if (typeof value === "object" && value !== null) this.#expectRejection();
    this.#resolve(value);
  }

  reject(reason: unknown): void {
    this.#expectRejection();
    this.#reject(reason);
  }

  #expectRejection(): void {
    this.promise.catch(nothing);
  }
}

/** A promise that rejects, and that nobody has to look at. */
export function optionalRejection(reason: unknown): Promise<never> {
  const settle = optionalDeferred<never>();
  settle.reject(reason);
  return settle.promise;
}

function nothing(): void {}
