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
    const departure = (options: unknown) => ({ run: () => note("run")(options), retryAfterMs: 1_500 });
    const bus = {
      connections: 3,
      publish: note("publish"),
      departure,
      stopProcessing: note("stopProcessing"),
      close: note("close"),
    };
    const sockets = {
      close: note("sockets"),
      refuse: (retryAfterS: () => number) => void calls.push(["refuse", retryAfterS()]),
    };
    server = new BusServer<App>({
      bus: bus as unknown as Bus<App>,
      sockets: sockets as unknown as WebSocketServer,
      port: 80,
      url: "ws://localhost:80/bus",
      reloadTls: undefined,
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

  const reason = "the server stops; come back later";
  const ending = [["sockets", 1012, reason], ["stop"], ["close"]];

  it("closes once: it lets nobody in, stops processing, says goodbye, and closes sockets, listener and store", async () => {
    await Promise.all([server.close({ retryAfterMs: 5 }), server.close(), server[Symbol.asyncDispose]()]);
    const goodbyes = ["run", { drainMs: 0, retryAfterMs: 5 }];
    expect(calls).toEqual([["refuse", 2], ["stopProcessing"], goodbyes, ...ending]);
  });

  it("sends clients away first where there is time for it, and goes on for the others meanwhile", async () => {
    await server.close({ drainMs: 50 });
    const runs = [50, 0].map((drainMs) => ["run", { drainMs, retryAfterMs: 1000 }]);
    expect(calls).toEqual([["refuse", 2], runs[0], ["stopProcessing"], runs[1], ...ending]);
  });
});
