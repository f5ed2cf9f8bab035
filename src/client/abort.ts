/** Do something when a signal is aborted, once, at once where it is already. Returns the function that forgets it. */
export function whenAborted(signal: AbortSignal | undefined, task: () => void): () => void {
  if (signal?.aborted === true) task();
  signal?.addEventListener("abort", task, { once: true });
  return () => signal?.removeEventListener("abort", task);
}
