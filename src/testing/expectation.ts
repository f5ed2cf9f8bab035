import { BusbarError } from "../kernel/errors.js";

/** An implementation of a port does not keep the port's contract. The message says what was expected. */
function broken(message: string, cause?: unknown): BusbarError {
  return new BusbarError("testing/contract-broken", message, { cause });
}

/**
 * @param what the sentence that ought to be true.
 * @throws BusbarError `testing/contract-broken` when it is not.
 */
export function expectThat(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw broken(`expected: ${what}`);
}

/**
 * Compare plain data. The order of an object's fields does not matter, nor does a field that is undefined.
 *
 * @param what the sentence that ought to be true.
 * @throws BusbarError `testing/contract-broken` when the two differ.
 */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  const [actualText, expectedText] = [canonical(actual), canonical(expected)];
  if (actualText === expectedText) return;
  throw broken(`expected: ${what}\n  expected ${excerpt(expectedText)}\n  got      ${excerpt(actualText)}`);
}

/**
 * Rejects with `testing/contract-broken` when the call does not fail, or does so with another code.
 *
 * @param code of the BusbarError; undefined where any failure will do.
 */
export async function expectRejection(
  call: () => Promise<unknown>,
  code: string | undefined,
  what: string,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (code === undefined || (error instanceof BusbarError && error.code === code)) return;
    throw broken(`expected: ${what}\n  expected the code ${code}\n  got      ${String(error)}`, error);
  }
  throw broken(`expected: ${what}\n  the call did not fail`);
}

function canonical(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
  return text ?? "undefined";
}

/** Enough of a text to see what it is. */
function excerpt(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 500)}… (${text.length} characters)`;
}
