import { describe, expect, it } from "vitest";
import type { Listen } from "./listening.js";
import { cannotListen, serveOn, unusableTls } from "./serve-on.js";

const listenOn =
  (port: number | undefined): Listen =>
  async () => ({ port, close: async (drained) => drained });

describe("serving on what something listens on", () => {
  it.each([
    [{}, 80, "ws://localhost:80/"],
    [{ host: "::1", path: "/bus" }, 81, "ws://[::1]:81/bus"],
    [{ host: "192.0.2.1", tls: {} }, 82, "wss://192.0.2.1:82/"],
    [{ socketPath: "/run/busbar" }, undefined, undefined],
  ] as const)("with %j says where clients connect to", async (options, port, url) => {
    const server = await serveOn(listenOn(port), () => {}, options);
    expect([server.port, server.url]).toEqual([port, url]);
    await server.close();
  });

  it("takes the connections that come, and some more than it serves, to be told so", async () => {
    let connectionsMax = 0;
    const listen: Listen = async (options) => {
      ({ connectionsMax } = options);
      return { port: 1, close: async () => {} };
    };
    await serveOn(listen, () => {}, { limits: { connectionsMax: 5 } });
    expect(connectionsMax).toBe(1005);
  });

  it("names the place that cannot be listened on, and what went wrong", () => {
    const cause = new Error("it is in use");
    expect(cannotListen({}, cause)).toMatchObject({ message: "cannot listen on port 0: it is in use", cause });
    expect(cannotListen({ socketPath: "/run/busbar" }, "?").message).toBe("cannot listen on /run/busbar: ?");
    expect(unusableTls("no key")).toMatchObject({ code: "options/invalid", cause: "no key" });
  });
});
