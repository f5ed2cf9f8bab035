import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { app, BusGround, users } from "../../test/support/bus-ground.js";
import { RawClient } from "../../test/support/raw-client.js";
import { basic } from "../engine/passwords.js";
import { attach, serve } from "./serve.js";

const ground = new BusGround();

describe("the HTTP side of a server", () => {
  const get = (url: string, path: string, method = "GET") =>
    fetch(new URL(path, url.replace("ws:", "http:")), { method });

  it("answers with its health, and says briefly that there is nothing else", async () => {
    const { url } = await ground.serve();
    const health = await get(url, "/health");
    expect([health.status, await health.text()]).toEqual([200, "ok\n"]);
    expect((await get(url, "/health", "HEAD")).status).toBe(200);
    expect((await get(url, "/health", "POST")).status).toBe(404);
    const nothing = await get(url, "/__proto__");
    expect([nothing.status, await nothing.text()]).toEqual([404, expect.stringContaining("WebSocket")]);
  });

  it("can be the application's, whose failures do not end the process", async () => {
    const { url } = await ground.serve({
      http: (request, response) => {
        if (request.url === "/bad") throw new Error("a bug");
        if (request.url === "/worse") return Promise.reject(new Error("a bug"));
        response.end(`you asked for ${request.url}`);
        return undefined;
      },
    });
    expect(await (await get(url, "/page")).text()).toBe("you asked for /page");
    expect((await get(url, "/bad")).status).toBe(500);
    expect((await get(url, "/worse")).status).toBe(500);
    expect(ground.lines.filter(({ event }) => event === "server/http-failed")).toHaveLength(2);
  });

  it("can be a server that exists, and goes on when the bus has stopped", async () => {
    const http = createServer((_request, response) => void response.end("mine"));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const { port } = Object(http.address());
    const bus = await attach(http, app, { authenticate: basic(users), logger: ground.logger });
    const ada = await RawClient.login(`ws://127.0.0.1:${port}/bus`, "ada", "lovelace");
    expect(await ada.ask({ do: "subscribe", channel: "chat/lobby" })).toMatchObject({ ok: {} });
    expect([bus.url, bus.port, bus.connections]).toEqual([undefined, undefined, 1]);
    const stopped = bus.close();
    await ada.closed;
    await stopped;
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("mine");
    http.close();
    http.closeAllConnections();
  });

  it("says when the port is taken", async () => {
    const { server } = await ground.serve();
    const second = serve(app, {
      authenticate: basic(users),
      host: "127.0.0.1",
      port: Number(server.port),
      logger: ground.logger,
    });
    await expect(second).rejects.toMatchObject({ code: "server/cannot-listen", cause: { code: "EADDRINUSE" } });
  });
});

describe("a served bus", () => {
  it.each([
    ["127.0.0.1", "ws://127.0.0.1:"],
    ["::1", "ws://[::1]:"],
    ["0.0.0.0", "ws://localhost:"],
  ])("on %s tells its URL", async (host, beginning) => {
    const { server } = await ground.serve({ host, path: "/deep/bus" });
    expect(server.url).toBe(`${beginning}${server.port}/deep/bus`);
  });

  it("is listened to on all addresses where none is named", async () => {
    const server = await serve(app, { authenticate: [], logger: ground.logger });
    expect(server.url).toBe(`ws://localhost:${server.port}/bus`);
    await server.close();
  });

  it("refuses processors that belong to no pattern, before it listens", async () => {
    const process = { "chat/:rooms": () => ({ text: "x" }) };
    await expect(ground.serve({ process: Object(process) })).rejects.toMatchObject({ code: "server/no-such-pattern" });
  });

  it("has limits that can be chosen", async () => {
    const { url } = await ground.serve({
      limits: { socket: { messageBytesMax: 100 }, session: { subscriptionsMax: 1 } },
    });
    const ada = await RawClient.login(url, "ada", "lovelace");
    await ada.ask({ do: "subscribe", channel: "board/a" });
    expect(await ada.ask({ do: "subscribe", channel: "board/b" })).toMatchObject({
      error: { code: "subscription/too-many" },
    });
    ada.send({ do: "publish", channel: "board/a", data: "x".repeat(100) });
    expect(await ada.closed).toMatchObject({ code: 1009 });
  });
});
