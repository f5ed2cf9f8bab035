/** Real clients and real sessions, hub, pipeline and store on one virtual clock, with a network that cuts, from seeds. */
import { describe, expect, it } from "vitest";
import { BusCore } from "../../src/client/bus.js";
import type { Message } from "../../src/client/cursor.js";
import { BusbarError } from "../../src/kernel/errors.js";
import { Session } from "../../src/session/session.js";
import { MemoryNetwork, type MemoryPeer } from "../../src/testing/memory-network.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { linkRequest, SessionWorld } from "../support/session-world.js";

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
const MESSAGES = 50;

class Place {
  readonly world = new SessionWorld();
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;

  constructor(seed: number) {
    const { clock } = this.world;
    this.random = new SeededRandom(seed);
    this.network = new MemoryNetwork({ clock, random: this.random, latencyMsMax: 60 });
    this.network.listen((peer) => this.#accept(peer));
  }

  open(): BusCore {
    const { clock } = this.world;
    const auth = () => ({ scheme: "basic", username: "ada", password: "lovelace" }) as const;
    const surroundings = { watch: () => () => {} };
    const reportDefect = (error: unknown): never => expect.unreachable(String(error));
    const ports = { clock, random: this.random, sockets: this.network, surroundings, reportDefect };
    return new BusCore("ws://bus.test/", { auth, messagesWaitingMax: 8 }, ports);
  }

  /** Read a channel with a reader that is sometimes slow; the items grow as the clock is moved. */
  read(bus: BusCore, channel: string): Message<unknown>[] {
    const { clock } = this.world;
    const items: Message<unknown>[] = [];
    const run = async (): Promise<void> => {
      for await (const item of bus.channel(channel).messages()) {
        items.push(item);
        if (this.random.fraction() < 0.2) {
          await new Promise<void>((go) => clock.schedule(this.random.integer(1, 300), go));
        }
      }
    };
    run().catch((error: unknown) => expect.unreachable(String(error)));
    return items;
  }

  /** Publish the numbers up to `MESSAGES` at uneven moments, while the network cuts; then wait until all is quiet. */
  async publishAll(channel: string, messageOf: (index: number) => unknown): Promise<ReadonlyMap<number, string>> {
    const { clock } = this.world;
    const { network, random } = this;
    const publisher = this.open().channel(channel);
    const outcomes = new Map<number, string>();
    await clock.pass(1_000);
    network.cutChance = 0.03;
    for (const index of numbers(1, MESSAGES)) {
      publisher.publish(messageOf(index)).then(
        ({ stage }) => outcomes.set(index, stage),
        (error: unknown) => outcomes.set(index, error instanceof BusbarError ? error.code : String(error)),
      );
      await clock.pass(random.integer(0, 100));
    }
    network.cutChance = 0;
    await clock.pass(120_000);
    return outcomes;
  }

  /** A session on the server's end; what is sent takes a while to leave, so that `bufferedBytes` is not always 0. */
  #accept(peer: MemoryPeer) {
    const link = {
      bufferedBytes: 0,
      send: ({ data }: { readonly data: string | Uint8Array }): boolean => {
        peer.send(String(data));
        link.bufferedBytes += data.length;
        this.world.clock.schedule(this.random.integer(0, 30), () => {
          link.bufferedBytes -= data.length;
          if (link.bufferedBytes === 0) session.drained();
        });
        return true;
      },
      close: (code: number, reason: string): void => peer.close(code, reason),
    };
    const session = new Session(this.world.services, { link, request: linkRequest, principal: undefined });
    return {
      messageReceived: (text: string) => session.receive(text),
      peerClosed: () => session.closed(),
    };
  }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("clients and sessions on a network that cuts", () => {
  it.each(seeds)("every reader sees each message of the log, in its order, once (seed %i)", async (seed) => {
    const place = new Place(seed);
    const readers = [place.read(place.open(), "bare/a"), place.read(place.open(), "bare/a")];
    const outcomes = await place.publishAll("bare/a", (index) => index);
    const [one, other] = readers.map((items) => items.map(({ data }) => data));
    expect(one).toEqual(other);
    expect(readers[0]?.map(({ position }) => position.offset)).toEqual(numbers(1, one?.length ?? 0));
    expect(outcomes.size).toBe(MESSAGES);
    expect(new Set(outcomes.values())).toEqual(new Set(["delivered"]));
    expect(one).toEqual(numbers(1, MESSAGES));
  });

  it.each(seeds)("what the log no longer keeps is told before the next message (seed %i)", async (seed) => {
    const place = new Place(seed);
    const readers = [place.read(place.open(), "chat/a"), place.read(place.open(), "chat/a")];
    await place.publishAll("chat/a", (index) => ({ text: `${index}` }));
    const [one, other] = readers.map((items) =>
      items.flatMap(({ gap, position }) => [...numbers(gap?.lost?.from ?? 1, gap?.lost?.to ?? 0), position.offset]),
    );
    expect(one).toEqual(numbers(1, one?.length ?? 0));
    expect(one).toEqual(other);
    expect(one?.length).toBeGreaterThan(5);
  });
});

it("the faults happen: connections are cut, readers fall behind, messages are lost from the log", async () => {
  let gaps = 0;
  let sessions = 0;
  for (const seed of seeds.slice(0, 10)) {
    const place = new Place(seed);
    const items = place.read(place.open(), "chat/a");
    await place.publishAll("chat/a", (index) => ({ text: `${index}` }));
    gaps += items.filter(({ gap }) => gap !== undefined).length;
    sessions += place.world.lines.filter(({ event }) => event === "session/open").length - 2;
  }
  expect(gaps).toBeGreaterThan(5);
  expect(sessions).toBeGreaterThan(10);
});
