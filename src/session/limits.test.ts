import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SessionWorld } from "../../test/support/session-world.js";
import { deferred } from "../kernel/deferred.js";
import { sessionLimits } from "./limits.js";

const documentation = readFileSync("docs/protocol.md", "utf8").split("## Limits")[1] ?? "";

it.each(Object.entries({ ...sessionLimits }))("the limit %s, %i, is in the documentation", (_name, limit) => {
  expect(documentation).toMatch(new RegExp(`\\b${limit.toLocaleString("en")}\\b`));
});

const error = (code: string, re: number) => expect.objectContaining({ re, error: expect.objectContaining({ code }) });

describe("limits", () => {
  it("refuse too many commands with a time to come back, and let it go on then", async () => {
    const world = new SessionWorld({ commandsPerSecond: 10, commandsBurstMax: 3 });
    const client = await world.open();
    const publish = { do: "publish", channel: "bare/1", data: 1 };
    for (let count = 0; count < 3; count++) client.send(publish);
    const replies = await client.settled();
    expect(replies[0]).toEqual({
      re: 4,
      error: { code: "limit/rate", message: expect.any(String), retryable: true, retryAfterMs: 100 },
    });
    await world.clock.pass(100);
    expect(await client.ask(publish)).toMatchObject([{ ok: { stage: "delivered" } }]);
  });

  it("count the length of what is sent", async () => {
    const world = new SessionWorld({ bytesPerSecond: 1000 });
    const client = await world.open();
    client.send({ do: "publish", channel: "bare/1", data: "x".repeat(900) });
    client.send({ do: "publish", channel: "bare/1", data: "x".repeat(900) });
    expect(await client.settled()).toEqual([
      error("limit/rate", 3),
      expect.objectContaining({ re: 2, ok: expect.anything() }),
    ]);
  });

  it("close a session that does not care about refusals", async () => {
    const world = new SessionWorld({ refusalsBurstMax: 3, refusalsPerSecond: 1 });
    const client = await world.open();
    for (let count = 0; count < 10; count++) client.session.receive("nonsense");
    expect(client.link.take()).toHaveLength(4);
    expect(client.link.closedWith).toMatchObject({ code: 4003 });
  });

  it("do not count what is the server's fault", async () => {
    const world = new SessionWorld({ refusalsBurstMax: 1, refusalsPerSecond: 1 });
    world.store.open = () => Promise.reject(new Error("bad disk"));
    const client = await world.open();
    for (let count = 0; count < 5; count++) await client.ask({ do: "subscribe", channel: "bare/1" });
    expect(client.link.closedWith).toBeUndefined();
  });

  it("bound how many commands wait for one that takes its time", async () => {
    const world = new SessionWorld({ commandsWaitingMax: 2 });
    const client = world.connect(undefined, { authenticate: () => deferred<undefined>().promise });
    client.send({ do: "hello", auth: { scheme: "bearer", token: "x" } });
    for (let count = 0; count < 3; count++) client.send({ do: "leave", channel: "bare/1" });
    expect(await client.settled()).toEqual([error("limit/rate", 4)]);
  });

  it("close a connection that reads so little that replies have no room", async () => {
    const world = new SessionWorld();
    const client = await world.open();
    client.link.bufferedBytesMax = 100;
    client.link.isSlow = true;
    for (let count = 0; count < 9; count++) client.send({ do: "leave", channel: "bare/1" });
    expect(client.link.closedWith).toMatchObject({ code: 1013 });
  });
});
