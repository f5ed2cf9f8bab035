import { describe, expect, it } from "vitest";
import { MemoryNetwork, type MemoryPeer } from "./memory-network.js";
import { SeededRandom } from "./seeded-random.js";
import { VirtualClock } from "./virtual-clock.js";

function begin(options: { latencyMsMax?: number; cutChance?: number; seed?: number } = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(options.seed ?? 1), ...options });
  const peers: MemoryPeer[] = [];
  const seen: string[] = [];
  network.listen((peer) => {
    peers.push(peer);
    return {
      messageReceived: (text) => void seen.push(`server:${text}`),
      peerClosed: ({ code }) => void seen.push(`server closed ${code}`),
    };
  });
  const client = network.open("ws://bus.test/", "busbar.v1", {
    socketOpened: () => void seen.push("opened"),
    messageReceived: (text) => void seen.push(`client:${text}`),
    socketClosed: ({ code, reason }) => void seen.push(`client closed ${code}${reason}`),
  });
  return { clock, network, peers, seen, client };
}

describe("a network in memory", () => {
  it("delivers nothing before the clock is moved, then everything in order", () => {
    const { clock, network, peers, seen, client } = begin();
    expect(seen).toEqual([]);
    clock.advance(0);
    expect(peers).toMatchObject([{ url: "ws://bus.test/", subprotocol: "busbar.v1" }]);
    client.send("a");
    client.send("b");
    peers[0]?.send("c");
    expect(seen).toEqual(["opened"]);
    clock.advance(0);
    expect(seen).toEqual(["opened", "server:a", "server:b", "client:c"]);
    expect(network.connectionCount).toBe(1);
  });

  it("keeps the order whatever the latency", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { clock, seen, client } = begin({ seed, latencyMsMax: 50 });
      clock.advance(100);
      for (const text of ["a", "b", "c", "d"]) client.send(text);
      clock.advance(60);
      expect(seen, `seed ${seed}`).toEqual(["opened", "server:a", "server:b", "server:c", "server:d"]);
    }
  });

  it("loses what is under way when it is cut, and tells both ends once", () => {
    const { clock, network, seen, client } = begin({ latencyMsMax: 50 });
    clock.advance(100);
    client.send("lost");
    network.cut();
    network.cut();
    clock.advance(100);
    expect(seen).toEqual(["opened", "server closed 1006", "client closed 1006"]);
    expect(network.connectionCount).toBe(0);
  });

  it("delivers what was sent before a close, from either end", () => {
    const fromServer = begin();
    fromServer.clock.advance(0);
    fromServer.peers[0]?.send("last");
    fromServer.peers[0]?.close(4002, " no");
    fromServer.clock.advance(0);
    expect(fromServer.seen).toEqual(["opened", "client:last", "client closed 4002 no", "server closed 4002"]);
    const fromClient = begin();
    fromClient.clock.advance(0);
    fromClient.client.send("last");
    fromClient.client.close(1000);
    fromClient.clock.advance(0);
    expect(fromClient.seen).toEqual(["opened", "server:last", "server closed 1000", "client closed 1000"]);
  });

  it("opens nothing while it is down", () => {
    const { clock, network, seen } = begin();
    network.isUp = false;
    clock.advance(0);
    expect(seen).toEqual(["client closed 1006"]);
  });

  it("tells nobody anything while it is silent", () => {
    const { clock, network, seen, client } = begin();
    clock.advance(0);
    network.isSilent = true;
    client.send("into the dark");
    clock.advance(1_000);
    expect(seen).toEqual(["opened"]);
  });

  it("cuts connections by chance, the same ones for the same seed", () => {
    const run = (seed: number): string[] => {
      const { clock, seen, client } = begin({ seed, cutChance: 0.2 });
      clock.advance(0);
      for (let index = 0; index < 30; index++) {
        client.send(`${index}`);
        clock.advance(1);
      }
      return seen;
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5).at(-1)).toBe("client closed 1006");
    expect(run(5)).not.toEqual(run(6));
  });
});
