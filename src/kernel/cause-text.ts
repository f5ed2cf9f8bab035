/** A chain of causes is followed this far. */
const causesMax = 5;

/** An error and what led to it, in one line for a log: `BusbarError: cannot write <- Error: disk full`. */
export function causeText(error: unknown): string {
  const texts: string[] = [];
  let cause = error;
  while (cause !== undefined && texts.length < causesMax) {
    texts.push(oneLine(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return texts.join(" <- ");
}

function oneLine(cause: unknown): string {
  try {
    return String(cause).replaceAll(/\s*\n\s*/g, " ");
  } catch {
    // Something was thrown that has no text, such as an object without a prototype.
    return "an unprintable value";
  }
}
