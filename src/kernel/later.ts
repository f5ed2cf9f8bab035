/** A value that is there already, or comes. Where it is there nobody waits, and no promise is made. */
export type Later<Value> = Value | Promise<Value>;

/** Go on with a value, at once where it is there. */
export function thenDo<Value, Result>(value: Later<Value>, goOn: (value: Value) => Later<Result>): Later<Result> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
