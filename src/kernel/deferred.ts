import { assert } from "./errors.js";

/** A promise together with the two functions that settle it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value | PromiseLike<Value>): void;
  reject(reason: unknown): void;
}

/** Make a promise that is settled from outside (`Promise.withResolvers` is not in Node 20). */
export function deferred<Value>(): Deferred<Value> {
  let settle: Pick<Deferred<Value>, "resolve" | "reject"> | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  assert(settle !== undefined, "a promise runs its executor at once");
  return { promise, resolve: settle.resolve, reject: settle.reject };
}

/** A deferred promise whose rejection need not be looked at by anybody: whoever awaits it still sees it. */
export function optionalDeferred<Value>(): Deferred<Value> {
  const settle = deferred<Value>();
  settle.promise.catch(() => {});
  return settle;
}

/** A promise that rejects, and that nobody has to look at. */
export function optionalRejection(reason: unknown): Promise<never> {
  const settle = optionalDeferred<never>();
  settle.reject(reason);
  return settle.promise;
}
