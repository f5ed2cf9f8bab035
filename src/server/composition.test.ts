import { basic, queued, serve, silentLogger } from "busbar/server";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../adapters/memory/memory-store.js";
import { queueApp, startQueue } from "../../test/support/queue-server.js";
import type { Store } from "../hub/store.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { jobsOf } from "./composition.js";

const options = { authenticate: basic({}), logger: silentLogger };

describe("putting a server together", () => {
  it("finds where a store keeps queued messages", () => {
    const store = new MemoryStore({ clock: new VirtualClock(), random: new SeededRandom(1) });
    expect(jobsOf(store)).toBe(store.jobs);
    const { append, close, find, open, present, read, release }: Store = store;
    expect(jobsOf({ append, close, find, open, present, read, release })).toBeUndefined();
  });

  it("refuses queues on a store that keeps none", async () => {
    const store = new MemoryStore({ clock: new VirtualClock(), random: new SeededRandom(1) });
    const plain: Store = {
      append: store.append.bind(store),
      close: store.close.bind(store),
      find: store.find.bind(store),
      open: store.open.bind(store),
      present: store.present.bind(store),
      read: store.read.bind(store),
      release: store.release.bind(store),
    };
    await expect(startQueue({ store: plain })).rejects.toMatchObject({ code: "server/no-queues" });
  });

  it.each([
    [
      "workers that cannot come",
      { process: { "jobs/:id": queued<{ n: number }, { id: string }, never, never>("workers") } },
    ],
    ["processes without a module", { workers: 1 }],
    ["a key that somebody could guess", { workers: { listen: { port: 0 }, key: "short" } }],
    ["a key with blanks", { workers: { listen: { port: 0 }, key: "a key with blanks in it" } }],
    ["a module that exports nothing", { process: new URL("data:text/javascript,export%20const%20other%20=%201") }],
  ])("refuses %s", async (_name, wrong) => {
    const given = { ...options, ...wrong } as typeof options;
    await expect(serve(queueApp, given)).rejects.toMatchObject({ code: "options/invalid" });
  });
});
