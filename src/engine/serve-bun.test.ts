import { describe, expect, it } from "vitest";
import { FakeBun } from "../../test/support/fake-bun.js";
import { LogBook } from "../../test/support/engine-ground.js";
import type { ServeOptions } from "./options.js";
import { listenOnBun, serve } from "./serve-bun.js";

const listen = (bun: FakeBun, options: ServeOptions) =>
  listenOnBun({ options, connectionsMax: 10, accept: () => {} }, bun);

describe("listening under Bun", () => {
  it("is on all addresses where none is named, or on a Unix socket", async () => {
    const bun = new FakeBun();
    const { port } = await listen(bun, {});
    expect([port, bun.asked]).toEqual([4242, { hostname: "::", port: 0, allowHalfOpen: true }]);
    await listen(bun, { socketPath: "/run/busbar" });
    expect(bun.asked).toEqual({ unix: "/run/busbar", allowHalfOpen: true });
  });

  it("takes key and certificate, and refuses options of TLS that it would not heed", async () => {
    const bun = new FakeBun();
    await listen(bun, { tls: { key: "key", cert: "cert" } });
    expect(bun.asked?.tls).toEqual({ key: "key", cert: "cert" });
    const listening = listen(bun, { tls: { key: "key", minVersion: "TLSv1.3", requestCert: true } });
    await expect(listening).rejects.toMatchObject({
      code: "options/invalid",
      message: expect.stringContaining("minVersion, requestCert"),
    });
  });

  it("tells what went wrong: TLS, the place, or that there is no Bun", async () => {
    const bun = new FakeBun();
    bun.failure = Object.assign(new Error("no start line"), { code: "ERR_OSSL_PEM_NO_START_LINE" });
    await expect(listen(bun, { tls: { key: "?" } })).rejects.toMatchObject({ code: "options/invalid" });
    bun.failure = Object.assign(new Error("it is in use"), { code: "EADDRINUSE" });
    await expect(listen(bun, { port: 80 })).rejects.toMatchObject({
      code: "server/cannot-listen",
      message: "cannot listen on port 80: it is in use",
      cause: bun.failure,
    });
    await expect(serve(() => {})).rejects.toMatchObject({ code: "server/cannot-listen" });
  });

  it("logs who did not get through TLS, and closes", async () => {
    const bun = new FakeBun();
    const logger = new LogBook();
    const listening = await listen(bun, { tls: { key: "key" }, logger });
    const socket = bun.connect("192.0.2.1");
    socket.failHandshake(new Error("no TLS"));
    socket.cut();
    expect(logger.lines).toEqual([
      { level: "debug", event: "websocket/tls-failed", fields: { address: "192.0.2.1", error: "no TLS" } },
    ]);
    await listening.close(Promise.resolve());
    expect(bun.isListening).toBe(false);
  });
});
