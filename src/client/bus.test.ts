import { describe, expect, it } from "vitest";
import { collect, ground } from "../../test/client/ground.js";
import { openBus } from "./bus.js";

describe("a bus", () => {
  it("knows who it is once it is open", async () => {
    const { clock, open } = ground();
    const bus = open({ auth: () => ({ scheme: "basic", username: "ada", password: "p" }) });
    const opens: unknown[] = [];
    bus.on("open", (event) => opens.push([event.principal, bus.principal, bus.state]));
    expect(bus.principal).toBeUndefined();
    await clock.pass(1);
    const ada = { id: "ada", roles: ["member"] };
    expect(opens).toEqual([[ada, ada, "open"]]);
  });

  it("tells those who prefer events of each message and gap of the channels that are read", async () => {
    const { clock, network, server, open } = ground();
    const bus = open();
    const events: unknown[] = [];
    bus.on("message", ({ channel, data }) => events.push([channel, data]));
    bus.on("gap", ({ channel, lost }) => events.push([channel, lost]));
    bus.channel("a").messages();
    bus.channel("b").messages();
    await clock.pass(1);
    server.publish("a", 1);
    server.publish("b", 2);
    server.publish("c", 3);
    await clock.pass(1);
    network.cut();
    server.keepMax = 1;
    server.publish("a", 4);
    server.publish("a", 5);
    await clock.pass(501);
    expect(events).toEqual([
      ["a", 1],
      ["b", 2],
      ["a", { from: 2, to: 2 }],
      ["a", 5],
    ]);
  });

  it("reports what the server says that belongs to no command", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    const errors: unknown[] = [];
    bus.on("error", (error) => errors.push(error));
    await clock.pass(1);
    server.say("}");
    await clock.pass(1);
    expect(errors).toMatchObject([{ code: "wire/not-json" }]);
  });

  it("reports what a listener throws and goes on", async () => {
    const { clock, defects, open } = ground();
    const bus = open();
    bus.on("open", () => {
      throw new Error("mine");
    });
    await clock.pass(1);
    expect(bus.state).toBe("open");
    expect(defects).toMatchObject([{ message: "mine" }]);
  });

  it("closes once, without an error when the application did it", async () => {
    const { clock, open } = ground();
    const bus = open();
    const ends: unknown[] = [];
    const off = bus.on("close", (end) => ends.push(end));
    await clock.pass(1);
    bus.close();
    bus.close();
    off();
    expect(ends).toEqual([{ error: undefined }]);
  });

  it("closes once when a listener closes it too, and keeps the server's reason", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    const events: unknown[] = [];
    bus.on("close", ({ error }) => {
      events.push(error?.code);
      bus.close();
    });
    bus.on("state", ({ state }) => events.push(state));
    await clock.pass(1);
    server.closeAll(4002);
    await clock.pass(1);
    expect(events).toEqual(["open", "connection/ended", "closed"]);
  });

  it.each(["", "a b", "/a", "x".repeat(256)])("refuses the channel name %j at once", (name) => {
    expect(() => ground().open().channel(name)).toThrow(expect.objectContaining({ code: "channel/invalid-name" }));
  });

  it("keeps nothing of a channel that nobody uses any more", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    for (let index = 0; index < 20; index++) {
      const stop = new AbortController();
      collect(bus.channel(`room/${index}`).messages({ signal: stop.signal }));
      await clock.pass(1);
      stop.abort();
      await clock.pass(1);
    }
    server.commands.length = 0;
    server.closeAll(1012);
    await clock.pass(501);
    expect(server.commands.map((command) => command.do)).toEqual(["hello"]);
  });

  it("opens with any contract's types over any ports", () => {
    const { clock, random, network } = ground();
    const surroundings = { watch: () => () => {} };
    const bus = openBus("ws://bus.test/", {}, { clock, random, sockets: network, surroundings, reportDefect() {} });
    expect(bus.state).toBe("connecting");
    bus.close();
  });
});
