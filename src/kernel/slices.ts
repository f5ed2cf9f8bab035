import type { Clock, Turns } from "./clock.js";
import { deferred } from "./deferred.js";

/** After so much time of work others have a turn. */
export const sliceMsMax = 5;

/** Do something with each of many things without holding up what else there is to do; resolves when all are done. */
export async function inSlices<Item>(
  items: Iterable<Item>,
  work: (item: Item) => void,
  { clock, turns }: { readonly clock: Pick<Clock, "now">; readonly turns: Turns },
): Promise<void> {
  let endMs = clock.now() + sliceMsMax;
  for (const item of items) {
    if (clock.now() >= endMs) {
      const turn = deferred<void>();
      turns.atEndOfTurn(() => turn.resolve());
      await turn.promise;
      endMs = clock.now() + sliceMsMax;
    }
    work(item);
  }
}
