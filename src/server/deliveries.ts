import type { Hub } from "../hub/hub.js";
import type { Batch, Draft, Rider } from "../hub/store.js";
import type { Output } from "../pipeline/pipeline.js";
import type { Position } from "../wire/messages.js";

/**
 * Append messages of several channels, all or nothing, in their order on each channel; with a position for each,
 * undefined for a repeat that is too old to be known. Rejects like the hub's `publishAll`.
 */
export async function deliverAll(
  hub: Hub,
  outputs: readonly Output[],
  rider?: Rider,
): Promise<readonly (Position | undefined)[]> {
  const drafts = new Map<string, Draft[]>();
  /** Where each output is among its channel's. */
  const places = outputs.map(({ channel, message }) => {
    const others = drafts.get(channel) ?? [];
    drafts.set(channel, others);
    return { channel, index: others.push(message) - 1 };
  });
  const batches = Array.from(drafts, ([channel, all]): Batch => ({ channel, drafts: all }));
  const published = await hub.publishAll(batches, rider);
  const byChannel = new Map(batches.map(({ channel }, index) => [channel, published[index]]));
  return places.map(({ channel, index }) => byChannel.get(channel)?.[index]?.position);
}
