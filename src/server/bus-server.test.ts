import { beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../test/support/bus-ground.js";
import type { WebSocketServer } from "../engine/web-socket-server.js";
import type { Bus } from "./bus.js";
import { BusServer } from "./bus-server.js";

describe("a running server", () => {
  let calls: unknown[][];
  let server: BusServer<App>;
  beforeEach(() => {
    calls = [];
    const note =
      (name: string) =>
      async (...values: unknown[]) =>
        void calls.push([name, ...values]);
    const bus = { connections: 3, publish: note("publish"), sayGoodbye: note("sayGoodbye"), close: note("close") };
    const sockets = { close: note("sockets") };
    server = new BusServer<App>({
      bus: bus as unknown as Bus<App>,
      sockets: sockets as unknown as WebSocketServer,
      port: 80,
      url: "ws://localhost:80/bus",
      stop: note("stop"),
    });
  });

  it("says where it is and how many are connected", () => {
    expect([server.url, server.port, server.connections]).toEqual(["ws://localhost:80/bus", 80, 3]);
  });

  it("publishes to its channels", async () => {
    const lobby = server.channel("chat/lobby");
    expect(lobby.name).toBe("chat/lobby");
    await lobby.publish({ text: "x" });
    expect(calls).toEqual([["publish", "chat/lobby", { text: "x" }, undefined]]);
  });

  it("closes once: goodbyes, sockets, listener, store, in this order", async () => {
    await Promise.all([server.close({ retryAfterMs: 5 }), server.close(), server[Symbol.asyncDispose]()]);
    const reason = "the server stops; come back later";
    expect(calls).toEqual([["sayGoodbye", 5], ["sockets", 1012, reason], ["stop"], ["close"]]);
  });

  it("has clients come back after a second where nothing else is said", async () => {
    await server.close();
    expect(calls[0]).toEqual(["sayGoodbye", 1000]);
  });
});
