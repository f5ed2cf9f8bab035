import { describe, expect, it } from "vitest";
import { ground } from "../../test/client/ground.js";
import { wireError } from "../wire/errors.js";
import { BusCore } from "./bus.js";
import type { SocketListener } from "./ports.js";

/** Every state that the bus goes through, with the delays. */
function statesOf(bus: BusCore): string[] {
  const states: string[] = [bus.state];
  bus.on("state", ({ state, retryInMs }) => states.push(retryInMs === undefined ? state : `${state} ${retryInMs}`));
  return states;
}

describe("a connection", () => {
  it("goes from connecting to open", async () => {
    const { clock, open } = ground();
    const states = statesOf(open());
    await clock.pass(1);
    expect(states).toEqual(["connecting", "open"]);
  });

  it("keeps trying when there is no server, with longer and longer delays, and is open when there is one", async () => {
    const { clock, network, open } = ground(3);
    network.isUp = false;
    const bus = open();
    const states = statesOf(bus);
    await clock.pass(60_000);
    const delays = states.filter((state) => state.startsWith("offline")).map((state) => Number(state.split(" ")[1]));
    expect(delays.length).toBeGreaterThan(5);
    expect(delays[0]).toBeLessThanOrEqual(500);
    expect(Math.max(...delays)).toBeGreaterThan(4_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(20_000);
    network.isUp = true;
    await clock.pass(20_001);
    expect(states.slice(-2)).toEqual(["connecting", "open"]);
  });

  it("comes back after a cut, and says that it resumes", async () => {
    const { clock, network, open } = ground();
    const states = statesOf(open());
    await clock.pass(1);
    network.cut();
    await clock.pass(501);
    expect(states.map((state) => state.split(" ")[0])).toEqual(["connecting", "open", "offline", "resuming", "open"]);
  });

  it("waits longer when a server takes it in and throws it out again and again", async () => {
    const { clock, network, open } = ground();
    const states = statesOf(open());
    for (let round = 0; round < 8; round++) {
      await clock.pass(20_001);
      network.cut();
    }
    const longest = (): number => Math.max(...states.map((state) => Number(state.split(" ")[1] ?? 0)));
    expect(longest()).toBeLessThanOrEqual(500);
    for (let cuts = 0; cuts < 200; cuts++) {
      network.cut();
      await clock.pass(100);
    }
    expect(longest()).toBeGreaterThan(500);
  });

  it("comes back exactly when a server that stops asked it to, whatever the browser says meanwhile", async () => {
    const { clock, server, open, surroundings } = ground();
    const states = statesOf(open());
    await clock.pass(1);
    server.stop(3_000);
    await clock.pass(1);
    expect(states.at(-1)).toBe("offline 3000");
    surroundings("online");
    await clock.pass(2_998);
    expect(states.at(-1)).toBe("offline 3000");
    await clock.pass(2);
    expect(states.slice(-2)).toEqual(["resuming", "open"]);
  });

  it.each(["online", "returned", "visible"] as const)("tries again at once on %s", async (event) => {
    const { clock, network, open, surroundings } = ground(3);
    network.isUp = false;
    const bus = open();
    await clock.pass(30_000);
    expect(bus.state).toBe("offline");
    network.isUp = true;
    surroundings(event);
    await clock.pass(1);
    expect(bus.state).toBe("open");
    surroundings(event);
    await clock.pass(1);
    expect([bus.state, network.connectionCount]).toEqual(["open", 1]);
  });

  it.each(["offline", "left"] as const)("lets go of its socket on %s", async (event) => {
    const { clock, network, open, surroundings } = ground();
    const bus = open();
    await clock.pass(1);
    network.isUp = false;
    surroundings(event);
    expect(bus.state).toBe("offline");
    await clock.pass(0);
    expect(network.connectionCount).toBe(0);
  });

  it.each(["offline", "hidden"] as const)("does not hammer a server while %s", async (event) => {
    const { clock, network, open, surroundings } = ground(3);
    network.isUp = false;
    const states = statesOf(open());
    surroundings(event);
    await clock.pass(60_000);
    const delays = states.filter((state) => state.startsWith("offline")).map((state) => Number(state.split(" ")[1]));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(10_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(20_000);
  });

  it("is not stuck where the browser is wrong about being offline", async () => {
    const { clock, open, surroundings } = ground();
    const bus = open();
    await clock.pass(1);
    surroundings("offline");
    expect(bus.state).toBe("offline");
    await clock.pass(20_001);
    expect(bus.state).toBe("open");
  });

  it.each(["visible", "online", "returned"] as const)(
    "finds out on %s that the other end has gone without a word, and comes back",
    async (event) => {
      const { clock, network, open, surroundings } = ground();
      const states = statesOf(open());
      await clock.pass(1);
      surroundings("hidden");
      network.isSilent = true;
      await clock.pass(5_000);
      surroundings(event);
      await clock.pass(9_999);
      expect(states.at(-1)).toBe("open");
      network.isSilent = false;
      await clock.pass(20_001);
      expect(states.slice(2).map((state) => state.split(" ")[0])).toEqual(["offline", "resuming", "open"]);
    },
  );

  it("stays when it is asked on coming back into view and the other end is there", async () => {
    const { clock, server, open, surroundings } = ground();
    const states = statesOf(open());
    await clock.pass(1);
    for (let round = 0; round < 3; round++) {
      surroundings("hidden");
      surroundings("visible");
      await clock.pass(1);
    }
    await clock.pass(20_000);
    expect(states).toEqual(["connecting", "open"]);
    expect(server.commands.filter(({ do: name }) => name === "ping")).toHaveLength(3);
  });

  it("finds out by itself within 35 s that the other end has gone", async () => {
    const { clock, network, open } = ground();
    const states = statesOf(open());
    await clock.pass(1);
    network.isSilent = true;
    await clock.pass(34_998);
    expect(states.at(-1)).toBe("open");
    await clock.pass(2);
    expect(states.at(-1)).toMatch(/^offline/);
  });

  it("obeys a handshake that was refused with a time to come back", async () => {
    const { clock, random } = ground();
    let attempts = 0;
    const sockets = {
      open: (_url: string, _subprotocol: string, listener: SocketListener) => {
        attempts++;
        clock.schedule(1, () => listener.socketClosed({ code: 1006, reason: "503", retryAfterMs: 7_000 }));
        return { send() {}, close() {} };
      },
    };
    const surroundings = { watch: () => () => {} };
    const bus = new BusCore("ws://bus.test/", {}, { clock, random, sockets, surroundings, reportDefect() {} });
    const states = statesOf(bus);
    await clock.pass(7_000);
    expect([states.at(-1), attempts]).toEqual(["offline 7000", 1]);
    await clock.pass(1);
    expect(attempts).toBe(2);
    bus.close();
  });

  it("is closed for good by a code of 4000 to 4499 and leaves no timer", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    const ends: unknown[] = [];
    bus.on("close", (end) => ends.push(end));
    await clock.pass(1);
    server.closeAll(4003, "too many");
    await clock.pass(100_000);
    expect(bus.state).toBe("closed");
    expect(ends).toMatchObject([
      { error: { code: "connection/ended", message: "the server ended it (4003, too many)" } },
    ]);
    expect(clock.timerCount).toBe(0);
  });

  it("is closed for good by refused credentials", async () => {
    const { clock, server, open } = ground();
    server.refuse = () => wireError("auth/refused", "the credentials identify nobody");
    const bus = open();
    await clock.pass(100_000);
    expect(bus.state).toBe("closed");
    expect(server.commands).toHaveLength(1);
  });

  it.each(["connecting", "open", "offline"] as const)("can be closed by the application while %s", async (state) => {
    const { clock, network, open, surroundings } = ground();
    const bus = open();
    const states = statesOf(bus);
    if (state !== "connecting") await clock.pass(1);
    if (state === "offline") network.cut();
    expect(bus.state).toBe(state);
    bus.close();
    bus.close();
    surroundings("online");
    await clock.pass(100_000);
    expect(states.at(-1)).toBe("closed");
    expect(states.filter((each) => each === "closed")).toHaveLength(1);
    expect([network.connectionCount, clock.timerCount]).toEqual([0, 0]);
  });

  it("says nothing of being open when a listener closed it on the way", async () => {
    const { clock, open } = ground();
    const bus = open();
    const states = statesOf(bus);
    bus.on("open", () => bus.close());
    await clock.pass(1);
    expect(states).toEqual(["connecting", "closed"]);
  });
});
