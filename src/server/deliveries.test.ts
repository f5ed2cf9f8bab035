import { expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { Hub } from "../hub/hub.js";
import { silentLogger } from "../kernel/logger.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { deliverAll } from "./deliveries.js";

it("messages of several channels go together, and each is told where it is", async () => {
  const clock = new VirtualClock();
  const hub = new Hub({
    store: new MemoryStore({ clock, random: new SeededRandom(1) }),
    clock,
    logger: silentLogger,
    optionsOf: () => ({ retention: { keep: 9, forMs: Infinity, bytesMax: Infinity }, durability: "memory" }),
  });
  const output = (channel: string) => ({ channel, message: { payload: "1", from: "ada", at: 0, origin: undefined } });
  const positions = await deliverAll(hub, [output("a"), output("b"), output("a")]);
  expect(positions.map((position) => position?.offset)).toEqual([1, 1, 2]);
  expect(await deliverAll(hub, [])).toEqual([]);
});
