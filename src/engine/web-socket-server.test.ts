import { describe, expect, it } from "vitest";
import { echo } from "../../test/support/engine-ground.js";
import { SocketHost } from "./socket-host.js";
import { WebSocketServer } from "./web-socket-server.js";

describe("a server of WebSockets", () => {
  it("stops taking connections before it closes those it has, and says when these are gone", async () => {
    const steps: string[] = [];
    const server = new WebSocketServer({
      host: new SocketHost(echo, {}),
      port: 1234,
      url: "ws://localhost:1234/",
      stop: async (drained) => {
        steps.push("stopping");
        await drained;
        steps.push("drained");
      },
    });
    expect([server.port, server.url, server.sockets.size]).toEqual([1234, "ws://localhost:1234/", 0]);
    await server.close();
    expect(steps).toEqual(["stopping", "drained"]);
  });

  it.each([999, 1004, 1005, 1006, 1015, 5000, 1000.5])("is not closed with %d, which may not travel", async (code) => {
    let isStopped = false;
    const server = new WebSocketServer({
      host: new SocketHost(echo, {}),
      port: undefined,
      url: undefined,
      stop: async () => void (isStopped = true),
    });
    await expect(server.close(code)).rejects.toMatchObject({ code: "send/close-code" });
    expect(isStopped).toBe(false);
  });
});
