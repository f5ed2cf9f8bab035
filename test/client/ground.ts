/** A bus, a network in memory and a model server, on one virtual clock. */
import { BusCore } from "../../src/client/bus.js";
import type { BusOptions } from "../../src/client/options.js";
import type { SurroundingsEvent } from "../../src/client/ports.js";
import { MemoryNetwork, type MemoryNetworkOptions } from "../../src/testing/memory-network.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { ModelServer } from "./model-server.js";

export interface Ground {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly server: ModelServer;
  /** What the application's listeners threw. */
  readonly defects: unknown[];
  readonly open: (options?: BusOptions) => BusCore;
  /** Tell all buses what the browser says of the network and the page. */
  readonly surroundings: (event: SurroundingsEvent) => void;
}

export function ground(seed = 1, faults: Pick<MemoryNetworkOptions, "latencyMsMax" | "cutChance"> = {}): Ground {
  const clock = new VirtualClock();
  const random = new SeededRandom(seed);
  const network = new MemoryNetwork({ clock, random, ...faults });
  const server = new ModelServer(network, clock);
  const watchers = new Set<(event: SurroundingsEvent) => void>();
  const defects: unknown[] = [];
  const ports = {
    sockets: network,
    clock,
    random,
    surroundings: {
      watch(listener: (event: SurroundingsEvent) => void) {
        watchers.add(listener);
        return () => void watchers.delete(listener);
      },
    },
    reportDefect: (error: unknown) => void defects.push(error),
  };
  return {
    clock,
    random,
    network,
    server,
    defects,
    open: (options = {}) => new BusCore("ws://bus.test/", options, ports),
    surroundings: (event) => {
      for (const watcher of watchers) watcher(event);
    },
  };
}

/** Put everything that an iterable gives into an array, and its end behind it: "end" or the error. */
export function collect<Item>(items: AsyncIterable<Item>, task?: (item: Item) => void | Promise<void>): unknown[] {
  const seen: unknown[] = [];
  const run = async (): Promise<void> => {
    for await (const item of items) {
      seen.push(item);
      await task?.(item);
    }
  };
  run().then(
    () => seen.push("end"),
    (error: unknown) => seen.push(error),
  );
  return seen;
}
