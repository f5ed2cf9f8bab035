import { describe, expect, it, vi } from "vitest";
import { collect, ground } from "../../test/client/ground.js";
import { deferred } from "../kernel/deferred.js";
import { wireError, type WireError } from "../wire/errors.js";
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

  it("comes back with 100 channels, its presence and its publishes in one exchange", async () => {
    const { clock, network, server, open } = ground();
    const bus = open();
    const seen: unknown[] = [];
    for (let index = 0; index < 100; index++) {
      collect(bus.channel(`room/${index}`).messages(), (message) => void seen.push(message));
    }
    collect(bus.channel("room/7").presence({ state: 1 }));
    await clock.pass(1);
    expect(server.frameCount).toBe(3);
    server.refuse = () => "silence";
    const receipt = bus.channel("room/1").publish("again");
    await clock.pass(1);
    server.refuse = () => undefined;
    network.cut();
    for (let index = 0; index < 100; index++) server.publish(`room/${index}`, index);
    server.frameCount = 0;
    server.commands.length = 0;
    let framesBeforeWelcome = -1;
    bus.on("open", () => (framesBeforeWelcome = server.frameCount));
    await clock.pass(501);
    expect(server.commands.map((command) => command.do)).toEqual(["hello", "join", "resume", "publish"]);
    expect([server.frameCount, framesBeforeWelcome]).toEqual([4, 4]);
    expect(seen).toHaveLength(101);
    await expect(receipt).resolves.toMatchObject({ stage: "delivered" });
  });

  it("handles each cursor's answer for itself", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    const refusals: Readonly<Record<string, WireError>> = {
      "room/1": wireError("policy/denied", "not for you"),
      "room/2": wireError("server/busy", "later", { retryAfterMs: 100 }),
    };
    server.refuse = (command) =>
      command.do === "subscribe" && clock.now() < 50 ? refusals[command.channel] : undefined;
    const seen = [0, 1, 2].map((index) => collect(bus.channel(`room/${index}`).messages()));
    await clock.pass(200);
    for (let index = 0; index < 3; index++) server.publish(`room/${index}`, index);
    await clock.pass(1);
    expect(seen).toMatchObject([[{ data: 0 }], [{ code: "policy/denied" }], [{ data: 2 }]]);
  });

  it("says who it is with a token, and again before that expires", async () => {
    const { clock, server, open } = ground();
    let tokens = 0;
    server.welcome = { expiresInMs: 100_000 };
    const bus = open({ token: async () => `token ${++tokens}` });
    await clock.pass(170_000);
    const credentials = server.commands.flatMap((each) => (each.do === "hello" || each.do === "refresh" ? [each] : []));
    expect(credentials.map((each) => [each.do, each.auth])).toEqual([
      ["hello", { scheme: "bearer", token: "token 1" }],
      ["refresh", { scheme: "bearer", token: "token 2" }],
      ["refresh", { scheme: "bearer", token: "token 3" }],
    ]);
    expect(bus.principal?.id).toBe("token 1");
    server.refuse = ({ do: name }) => (name === "refresh" ? wireError("auth/refused", "no") : undefined);
    const errors: string[] = [];
    bus.on("error", ({ code }) => errors.push(code));
    await clock.pass(90_000);
    expect(new Set(errors)).toEqual(new Set(["auth/refused"]));
  });

  it("closes when its signal is aborted, also when that was before", async () => {
    const { clock, network, open } = ground();
    const stop = new AbortController();
    const bus = open({ signal: stop.signal });
    await clock.pass(1);
    stop.abort();
    expect([bus.state, open({ signal: stop.signal }).state]).toEqual(["closed", "closed"]);
    await clock.pass(1);
    expect([network.connectionCount, clock.timerCount]).toEqual([0, 0]);
  });

  it("leaves nothing behind when it is closed, whatever it was doing", async () => {
    const { clock, network, server, open } = ground();
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    server.welcome = { expiresInMs: 60_000 };
    server.refuse = ({ do: name }) => (name === "join" ? wireError("server/busy", "") : undefined);
    server.refuseMessage = () => wireError("server/busy", "", { retryAfterMs: 10_000 });
    const bus = open({ token: () => "t", signal });
    const ended = [
      collect(bus.channel("a").messages({ signal })),
      collect(bus.channel("a").presence({ state: 1, signal })),
    ];
    const fate = bus.channel("b").publish(1, { signal });
    await clock.pass(1);
    expect(clock.timerCount).toBeGreaterThan(3);
    bus.close();
    await expect(fate).rejects.toMatchObject({ code: "publish/unknown-fate" });
    await clock.pass(0);
    expect([network.connectionCount, clock.timerCount]).toEqual([0, 0]);
    expect(ended.map((seen) => seen.at(-1))).toEqual(["end", "end"]);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      expect.arrayContaining(added.mock.calls.map(([, listener]) => listener)),
    );
  });

  it("opens with any contract's types over any ports", () => {
    const { clock, random, network } = ground();
    const surroundings = { watch: () => () => {} };
    const bus = openBus("ws://bus.test/", {}, { clock, random, sockets: network, surroundings, reportDefect() {} });
    expect(bus.state).toBe("connecting");
    bus.close();
  });
});

describe("a subscription by a function", () => {
  it("is called with each message, in order, and waits for what it returns", async () => {
    const { clock, server, open } = ground();
    const gate = deferred<void>();
    const seen: unknown[] = [];
    open()
      .channel("a")
      .subscribe(({ data }) => {
        seen.push(data);
        return gate.promise;
      });
    await clock.pass(1);
    server.publish("a", 1);
    server.publish("a", 2);
    await clock.pass(1);
    expect(seen).toEqual([1]);
    gate.resolve();
    await clock.pass(1);
    expect(seen).toEqual([1, 2]);
  });

  it("goes on when the function throws, which is reported", async () => {
    const { clock, server, defects, open } = ground();
    open()
      .channel("a")
      .subscribe(({ data }) => {
        throw new Error(`mine ${String(data)}`);
      });
    await clock.pass(1);
    server.publish("a", 1);
    server.publish("a", 2);
    await clock.pass(1);
    expect(defects).toMatchObject([{ message: "mine 1" }, { message: "mine 2" }]);
  });

  it("ends when it is stopped, and another one can begin", async () => {
    const { clock, server, open } = ground();
    const lobby = open().channel("a");
    const seen: unknown[] = [];
    const stop = lobby.subscribe(({ data }) => void seen.push(data));
    await clock.pass(1);
    server.publish("a", 1);
    await clock.pass(1);
    stop();
    stop();
    lobby.subscribe(({ data }) => void seen.push(data), { from: "last 1" });
    await clock.pass(1);
    expect(seen).toEqual([1, 1]);
  });

  it("tells its error to whoever asked for it, else to the bus", async () => {
    const { clock, server, open } = ground();
    server.refuse = ({ do: name }) => (name === "subscribe" ? wireError("policy/denied", "no") : undefined);
    const bus = open();
    const errors: string[] = [];
    bus.on("error", ({ code }) => errors.push(`bus ${code}`));
    bus.channel("a").subscribe(() => {});
    bus.channel("b").subscribe(() => {}, { onError: ({ code }) => errors.push(`mine ${code}`) });
    await clock.pass(1);
    expect(errors).toEqual(["bus policy/denied", "mine policy/denied"]);
  });
});
