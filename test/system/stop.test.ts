import { describe, expect, it } from "vitest";
import { deferred } from "../../src/kernel/deferred.js";
import { BusGround, users } from "../support/bus-ground.js";
import { RawClient } from "../support/raw-client.js";
import { TcpPeer } from "../support/tcp-peer.js";

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

  it("sends its clients away one after the other where it has time, and serves those who are left", async () => {
    const { server, url } = await ground.serve();
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.login(url, "ada", "lovelace")));
    const stopped = server.close({ drainMs: 600, retryAfterMs: 100 });
    const [first, ...others] = clients;
    const last = others.at(-1);
    expect(Number((await first?.push("goodbye"))?.["retryAfterMs"])).toBeGreaterThanOrEqual(600);
    const published = await last?.ask({ do: "publish", channel: "chat/lobby", data: { text: "x" } });
    expect(published).toMatchObject({ ok: { stage: "delivered" } });
    const late = await TcpPeer.upgraded({ port: server.port ?? 0 }, { target: "/bus" }).catch(String);
    expect(late).toContain("refused with 503");
    for (const client of others) await client.push("goodbye");
    await stopped;
    expect(server.connections).toBe(0);
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
