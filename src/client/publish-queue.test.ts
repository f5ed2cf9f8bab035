import { describe, expect, it } from "vitest";
import { ground } from "../../test/client/ground.js";
import { wireError } from "../wire/errors.js";
import type { Command } from "../wire/messages.js";

/** What a promise came to, once it has: its value or its error. */
function outcomeOf(promise: Promise<unknown>): unknown[] {
  const outcome: unknown[] = [];
  promise.then(
    (value) => outcome.push(value),
    (error: unknown) => outcome.push(error),
  );
  return outcome;
}

const publishesOf = (server: { readonly commands: readonly Command[] }) =>
  server.commands.filter((command) => command.do === "publish" || command.do === "publishAll");

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("messages that are published", () => {
  it("have numbers for each channel, over all connections of the client", async () => {
    const { clock, network, server, open } = ground();
    const bus = open();
    await clock.pass(1);
    outcomeOf(bus.channel("a").publish(1));
    outcomeOf(bus.channel("a").publish(2));
    outcomeOf(bus.channel("b").publish(1));
    await clock.pass(1);
    network.cut();
    await clock.pass(501);
    outcomeOf(bus.channel("a").publish(3));
    await clock.pass(1);
    expect(publishesOf(server)).toMatchObject([
      { channel: "a", data: 1, seq: 1 },
      { channel: "a", data: 2, seq: 2 },
      { channel: "b", data: 1, seq: 1 },
      { channel: "a", data: 3, seq: 3 },
    ]);
    const clients = server.commands.flatMap((command) => (command.do === "hello" ? [command.client] : []));
    expect(clients).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), clients[0]]);
  });

  it("wait together while there is no connection and leave together, each channel's in order", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    for (const data of numbers(3)) outcomeOf(bus.channel("a").publish(data));
    outcomeOf(bus.channel("b").publish(1));
    await clock.pass(1);
    expect(publishesOf(server)).toMatchObject([
      { do: "publishAll", channel: "a", messages: [1, 2, 3], seq: 1 },
      { do: "publish", channel: "b", data: 1, seq: 1 },
    ]);
  });

  it("are sent again on the next connection when they were not answered, before newer ones, with their age", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("a");
    await clock.pass(1);
    server.refuse = () => "silence";
    const outcomes = [outcomeOf(lobby.publish(1))];
    await clock.pass(200);
    outcomes.push(outcomeOf(lobby.publish(2)));
    await clock.pass(100);
    network.cut();
    outcomes.push(outcomeOf(lobby.publish(3)));
    server.refuse = () => undefined;
    server.commands.length = 0;
    await clock.pass(501);
    const [again, newer] = publishesOf(server);
    expect(again).toMatchObject({ do: "publishAll", messages: [1, 2], seq: 1, ageMs: expect.any(Number) });
    expect(again?.ageMs).toBeGreaterThanOrEqual(300);
    expect(newer).toEqual({ id: expect.any(Number), do: "publish", channel: "a", data: 3, seq: 3 });
    expect(server.published.get("a")).toEqual([1, 2, 3]);
    expect(outcomes).toMatchObject([[{ stage: "delivered" }], [{ stage: "delivered" }], [{ stage: "delivered" }]]);
  });

  it("are as old as their first attempt, however often they are sent", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("a");
    await clock.pass(1);
    server.refuse = ({ do: name }) => (name === "publish" ? "silence" : undefined);
    outcomeOf(lobby.publish(1));
    for (let round = 0; round < 3; round++) {
      await clock.pass(1_000);
      network.cut();
    }
    await clock.pass(2_000);
    const ages = publishesOf(server).map(({ ageMs }) => ageMs ?? 0);
    expect(ages).toHaveLength(4);
    expect(ages[0]).toBe(0);
    for (const round of [1, 2, 3]) expect(ages[round]).toBeGreaterThanOrEqual(round * 1_000);
  });

  it("are in the log once when only the receipt was lost", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("a");
    await clock.pass(1);
    server.refuseMessage = () => {
      network.cut();
      server.refuseMessage = () => undefined;
      return undefined;
    };
    const outcome = outcomeOf(lobby.publish(1));
    await clock.pass(5_000);
    expect([publishesOf(server).length, server.published.get("a")]).toEqual([2, [1]]);
    expect(outcome).toEqual([{ stage: "delivered", position: { epoch: "e1", offset: 1 } }]);
  });

  it.each(["limit/rate", "server/busy", "server/stopping", "server/log-unavailable"] as const)(
    "that are refused with %s are sent again when the server wants it, and nothing overtakes them",
    async (code) => {
      const { clock, server, open } = ground();
      const lobby = open({ reconnectDelayMs: 1 }).channel("a");
      await clock.pass(1);
      const refusal = wireError(code, "later", { retryAfterMs: 300 });
      server.refuseMessage = (data) => (data === 2 && clock.now() < 100 ? refusal : undefined);
      const outcomes = numbers(4).map((data) => outcomeOf(lobby.publish(data)));
      await clock.pass(50);
      outcomes.push(outcomeOf(lobby.publish(5)));
      await clock.pass(249);
      expect(server.published.get("a")).toEqual([1]);
      await clock.pass(10);
      expect(server.published.get("a")).toEqual([1, 2, 3, 4, 5]);
      expect(outcomes.flat()).toHaveLength(5);
      expect(publishesOf(server).slice(4)).toMatchObject([
        { do: "publishAll", messages: [2, 3, 4], seq: 2 },
        { data: 5 },
      ]);
    },
  );

  it("hold up their own channel only while the server is busy, and all when it is too fast", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    await clock.pass(1);
    server.refuseMessage = (data) =>
      data === "busy" ? wireError("server/busy", "", { retryAfterMs: 1_000 }) : undefined;
    outcomeOf(bus.channel("a").publish("busy"));
    await clock.pass(1);
    outcomeOf(bus.channel("b").publish("meanwhile"));
    await clock.pass(1);
    expect(server.published.get("b")).toEqual(["meanwhile"]);
    server.refuseMessage = (data) =>
      data === "fast" ? wireError("limit/rate", "", { retryAfterMs: 1_000 }) : undefined;
    outcomeOf(bus.channel("b").publish("fast"));
    await clock.pass(1);
    outcomeOf(bus.channel("c").publish("too"));
    await clock.pass(900);
    expect(server.published.get("c")).toBeUndefined();
    server.refuseMessage = () => undefined;
    await clock.pass(200);
    expect([server.published.get("c"), server.published.get("b")]).toEqual([["too"], ["meanwhile", "fast"]]);
  });

  it("come back less and less often while the server goes on refusing them", async () => {
    const { clock, server, open } = ground(5);
    outcomeOf(open().channel("a").publish(1));
    server.refuseMessage = () => wireError("server/busy", "");
    await clock.pass(120_000);
    const tries = publishesOf(server).length;
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(40);
  });

  it("are under way a bounded number at a time", async () => {
    const { clock, server, open } = ground(1, { latencyMsMax: 0 });
    const bus = open({ publishesInFlightMax: 3 });
    await clock.pass(1);
    server.refuse = ({ do: name }) => (name.startsWith("publish") ? "silence" : undefined);
    for (const data of numbers(10)) outcomeOf(bus.channel("a").publish(data));
    await clock.pass(100);
    expect(publishesOf(server)).toHaveLength(3);
  });

  it("leave as fast as a server allows, and together where they wait for that", async () => {
    const { clock, server, open } = ground();
    const lobby = open({ publishCommandsPerSecond: 30 }).channel("a");
    await clock.pass(1);
    for (const data of numbers(50)) outcomeOf(lobby.publish(data));
    await clock.pass(1_000);
    expect(publishesOf(server)).toHaveLength(21);
    expect(server.published.get("a")).toEqual(numbers(50));
  });

  it("are refused when too many wait, answered or not", async () => {
    const { clock, server, open } = ground();
    const lobby = open({ publishesWaitingMax: 2 }).channel("a");
    await clock.pass(1);
    server.refuse = () => "silence";
    const outcomes = numbers(3).map((data) => outcomeOf(lobby.publish(data)));
    await clock.settle();
    expect(outcomes).toMatchObject([[], [], [{ code: "publish/too-many", retryable: true }]]);
  });
});

describe("messages that are delivered later", () => {
  it("say when: at a time, or after so many milliseconds", async () => {
    const { clock, server, open } = ground();
    const lobby = open().channel("a");
    await clock.pass(1);
    outcomeOf(lobby.publish(1, { deliverAt: new Date(1_900_000_000_000) }));
    outcomeOf(lobby.publish(2, { deliverAt: 1_900_000_000_001 }));
    outcomeOf(lobby.publish(3, { after: 0 }));
    outcomeOf(lobby.publish(4));
    await clock.pass(1);
    const common = { id: expect.any(Number), do: "publish", channel: "a" };
    expect(publishesOf(server)).toEqual([
      { ...common, data: 1, seq: 1, deliverAt: 1_900_000_000_000 },
      { ...common, data: 2, seq: 2, deliverAt: 1_900_000_000_001 },
      { ...common, data: 3, seq: 3, after: 0 },
      { ...common, data: 4, seq: 4 },
    ]);
  });

  it("never share a command with those that are delivered at another time, and keep their order", async () => {
    const { clock, server, open } = ground();
    const lobby = open().channel("a");
    outcomeOf(lobby.publish(1));
    outcomeOf(lobby.publish(2));
    outcomeOf(lobby.publishAll([3, 4], { after: 50 }));
    outcomeOf(lobby.publishAll([5, 6], { after: 60 }));
    outcomeOf(lobby.publish(7));
    outcomeOf(lobby.publish(8, { deliverAt: 9 }));
    await clock.pass(1);
    const common = { id: expect.any(Number), channel: "a" };
    expect(publishesOf(server)).toEqual([
      { ...common, do: "publishAll", messages: [1, 2], seq: 1 },
      { ...common, do: "publishAll", messages: [3, 4], seq: 3, after: 50 },
      { ...common, do: "publishAll", messages: [5, 6], seq: 5, after: 60 },
      { ...common, do: "publish", data: 7, seq: 7 },
      { ...common, do: "publish", data: 8, seq: 8, deliverAt: 9 },
    ]);
  });

  it("are sent again as they were, so that a delay begins with the first attempt", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("a");
    await clock.pass(1);
    server.refuse = ({ do: name }) => (name === "publishAll" ? "silence" : undefined);
    const outcome = outcomeOf(lobby.publishAll([1, 2], { after: 5_000 }));
    await clock.pass(100);
    network.cut();
    server.refuse = () => undefined;
    await clock.pass(501);
    const [first, again] = publishesOf(server);
    expect(first).toEqual({ id: 2, do: "publishAll", channel: "a", messages: [1, 2], seq: 1, after: 5_000 });
    expect(again).toEqual({ ...first, id: expect.any(Number), ageMs: expect.any(Number) });
    expect(again?.ageMs).toBeGreaterThanOrEqual(100);
    expect(outcome).toHaveLength(1);
  });
});

describe("a message that nobody can tell the fate of", () => {
  it("is given up when it was tried for as long as a server recognises repeats", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("a");
    await clock.pass(1);
    server.refuse = () => "silence";
    const outcome = outcomeOf(lobby.publish(1));
    await clock.pass(1);
    network.cut();
    network.isUp = false;
    const unsent = outcomeOf(lobby.publish(2));
    await clock.pass(599_990);
    expect(outcome).toEqual([]);
    await clock.pass(1_010);
    expect([outcome, unsent]).toMatchObject([[{ code: "publish/unknown-fate", retryable: true }], []]);
    network.isUp = true;
    server.refuse = () => undefined;
    await clock.pass(30_000);
    expect([server.published.get("a"), unsent]).toMatchObject([[2], [{ stage: "delivered" }]]);
  });

  it("is given up also while a connection lives that never answers, and its late answer changes nothing", async () => {
    const { clock, server, open } = ground();
    const bus = open({ publishRetryMs: 2_000 });
    await clock.pass(1);
    server.refuse = ({ do: name }) => (name === "publish" ? "silence" : undefined);
    const outcome = outcomeOf(bus.channel("a").publish(1));
    await clock.pass(2_000);
    expect(outcome).toMatchObject([{ code: "publish/unknown-fate" }]);
    server.say('{"re":2,"ok":{"stage":"dropped"}}');
    server.refuse = () => undefined;
    const next = outcomeOf(bus.channel("a").publish(2));
    await clock.pass(1);
    expect([outcome.length, next]).toMatchObject([1, [{ stage: "delivered" }]]);
  });

  it("is not sent again once it was given up", async () => {
    const { clock, network, server, open } = ground();
    const bus = open({ publishRetryMs: 2_000 });
    await clock.pass(1);
    server.refuse = ({ do: name }) => (name === "publish" ? "silence" : undefined);
    outcomeOf(bus.channel("a").publish(1));
    await clock.pass(2_000);
    server.refuse = () => undefined;
    network.cut();
    await clock.pass(2_000);
    expect(publishesOf(server)).toHaveLength(1);
  });

  it("comes again all the same while the server refuses it for now, since nothing behind it may pass before", async () => {
    const { clock, server, open } = ground();
    const bus = open({ publishRetryMs: 5_000 });
    server.refuseMessage = (data) => (data === 1 ? wireError("server/busy", "", { retryAfterMs: 1_000 }) : undefined);
    const outcomes = [outcomeOf(bus.channel("a").publish(1)), outcomeOf(bus.channel("a").publish(2))];
    await clock.pass(9_000);
    server.refuseMessage = (data) => (data === 1 ? wireError("publish/unknown-repeat", "too old") : undefined);
    await clock.pass(30_000);
    expect(outcomes).toMatchObject([[{ code: "publish/unknown-fate" }], [{ stage: "delivered" }]]);
  });

  it("is one that the server does not recognise any more", async () => {
    const { clock, server, open } = ground();
    server.refuseMessage = () => wireError("publish/unknown-repeat", "too old");
    const outcome = outcomeOf(open().channel("a").publish(1));
    await clock.pass(1);
    expect(outcome).toMatchObject([{ code: "publish/unknown-fate", cause: { code: "publish/unknown-repeat" } }]);
  });

  it("is one that an answer to several leaves out", async () => {
    const { clock, server, open } = ground();
    const outcome = outcomeOf(open().channel("a").publishAll([1, 2]));
    server.refuse = ({ do: name }) => (name === "publishAll" ? "silence" : undefined);
    await clock.pass(1);
    server.say('{"re":2,"ok":{"receipts":[{"stage":"dropped"}]}}');
    await clock.pass(1);
    expect(outcome).toMatchObject([
      [{ stage: "dropped" }, { stage: "refused", error: { code: "publish/unknown-fate" } }],
    ]);
  });

  it("leaves no timer behind once everything has its receipt", async () => {
    const { clock, open } = ground();
    const bus = open();
    outcomeOf(bus.channel("a").publish(1));
    await clock.pass(1);
    bus.close();
    await clock.pass(0);
    expect(clock.timerCount).toBe(0);
  });
});
