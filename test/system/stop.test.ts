import { describe, expect, it } from "vitest";
import { deferred } from "../../src/kernel/deferred.js";
import { BusGround, users } from "../support/bus-ground.js";
import { RawClient } from "../support/raw-client.js";

const ground = new BusGround();

describe("a server that stops", () => {
  it("tells every client when to come back, each another time, and closes with 1012", async () => {
    const { server, url } = await ground.serve();
    const clients = await Promise.all(
      ["ada", "bob", "rob"].map((name) => RawClient.login(url, name, users[name as "ada"].password)),
    );
    const stopped = server.close({ retryAfterMs: 400 });
    const goodbyes = await Promise.all(clients.map((client) => client.push("goodbye")));
    const times = goodbyes.map(({ retryAfterMs }) => Number(retryAfterMs));
    for (const time of times) expect(time).toBeGreaterThanOrEqual(400);
    for (const time of times) expect(time).toBeLessThanOrEqual(800);
    expect(new Set(times).size).toBeGreaterThan(1);
    for (const client of clients) expect(await client.closed).toMatchObject({ code: 1012 });
    await stopped;
    expect(server.connections).toBe(0);
    await expect(fetch(url.replace("ws:", "http:").replace("/bus", "/health"))).rejects.toThrow("fetch failed");
  });

  it("tells publishers whose message it gave up that it was not published", async () => {
    const entered = deferred<void>();
    const { server, url } = await ground.serve({
      process: {
        "chat/:room": () => {
          entered.resolve();
          return deferred<never>().promise;
        },
      },
    });
    const ada = await RawClient.login(url, "ada", "lovelace");
    const reply = ada.ask({ do: "publish", channel: "chat/lobby", data: { text: "x" } });
    await entered.promise;
    const stopped = server.close();
    expect(await reply).toMatchObject({ error: { code: "server/stopping", retryable: true } });
    await ada.closed;
    await stopped;
    await expect(server.channel("chat/lobby").publish({ text: "x" })).rejects.toMatchObject({
      code: "server/stopping",
    });
  });

  it("stops once, however often it is told to", async () => {
    const { server } = await ground.serve();
    expect(server.close()).toBe(server.close());
    await server[Symbol.asyncDispose]();
  });
});
