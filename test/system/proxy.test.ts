import { describe, expect, it } from "vitest";
import { BusGround } from "../support/bus-ground.js";
import { TcpPeer, type Headers } from "../support/tcp-peer.js";

const ground = new BusGround();

describe("a server behind a proxy", () => {
  const serve = async (trustProxy?: readonly string[]) => {
    const limits = { socket: { connectionsPerAddressMax: 2 } };
    const { server } = await ground.serve({ limits, ...(trustProxy !== undefined && { trustProxy }) });
    const port = server.port ?? 0;
    /** 101, or how it was refused. */
    const come = (headers: Headers): Promise<number> =>
      TcpPeer.upgraded({ port }, { target: "/bus", headers: { Host: `127.0.0.1:${port}`, ...headers } }).then(
        () => 101,
        (error: unknown) => Number(/refused with (\d+)/.exec(String(error))?.[1]),
      );
    return { come, port };
  };
  const from = (...addresses: string[]) => ({ "X-Forwarded-For": addresses.join(", ") });

  it("counts clients for where they come from, whatever they say themselves", async () => {
    const { come } = await serve(["127.0.0.1"]);
    const one = from("192.0.2.1");
    expect(await Promise.all([come(one), come(one)])).toEqual([101, 101]);
    expect(await come(one)).toBe(429);
    expect(await come(from("198.51.100.77", "192.0.2.1"))).toBe(429);
    expect(await come(from("127.0.0.1", "192.0.2.1"))).toBe(429);
    expect(await come(from("192.0.2.2"))).toBe(101);
    const told = ground.lines.find(({ fields }) => fields["code"] === "handshake/too-many-from-address");
    expect(told?.fields).toMatchObject({ address: "192.0.2.1" });
  });

  it("lets go of a client's place when it has gone", async () => {
    const { come, port } = await serve(["127.0.0.1"]);
    const headers = { Host: `127.0.0.1:${port}`, ...from("192.0.2.1") };
    const peers = await Promise.all([1, 2].map(() => TcpPeer.upgraded({ port }, { target: "/bus", headers })));
    for (const peer of peers) peer.socket.destroy();
    await expect.poll(() => come(from("192.0.2.1"))).toBe(101);
  });

  it("believes nobody else", async () => {
    for (const trusted of [undefined, ["192.0.2.0/24"]]) {
      const { come } = await serve(trusted);
      expect(await come(from("192.0.2.1"))).toBe(101);
      expect(await come(from("192.0.2.2"))).toBe(101);
      expect(await come(from("192.0.2.3"))).toBe(429);
    }
  });

  it("takes pages for its own that were served over the proxy's TLS", async () => {
    const { come, port } = await serve(["127.0.0.1"]);
    const Origin = `https://127.0.0.1:${port}`;
    expect(await come({ ...from("192.0.2.1"), Origin, "X-Forwarded-Proto": "https" })).toBe(101);
    expect(await come({ ...from("192.0.2.2"), Origin, "X-Forwarded-Proto": "http" })).toBe(403);
    const untrusting = await serve();
    const own = { Origin: `https://127.0.0.1:${untrusting.port}`, "X-Forwarded-Proto": "https" };
    expect(await untrusting.come(own)).toBe(403);
  });

  it("does not start with a proxy that is none", async () => {
    await expect(serve(["example.org"])).rejects.toMatchObject({ code: "options/invalid" });
  });
});
