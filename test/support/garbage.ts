import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
// Else buffers that nothing refers to are freed by another thread, some time after the collection.
setFlagsFromString("--no-concurrent-array-buffer-sweeping");
const collect: () => void = runInNewContext("gc");

/** Have the engine give back all memory that nothing refers to, and say how many bytes of the heap are in use then. */
export async function collectGarbage(): Promise<number> {
  // A WeakRef holds what it was asked for until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return process.memoryUsage().heapUsed;
}
