/** With the WebSocket of Node's `undici`, as client of our server. */
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket as UndiciSocket, type CloseEvent, type MessageEvent } from "undici";
import { broadcast } from "busbar/websocket";
import { openPeer, echo, SocketQueue, startServer } from "../support/engine-ground.js";
import { isSame, messages, received } from "./messages.js";

async function openUndici(url: string, protocols: string[] = []): Promise<UndiciSocket> {
  const client = new UndiciSocket(url, protocols);
  client.binaryType = "arraybuffer";
  onTestFinished(() => client.close());
  await once(client, "open");
  return client;
}

async function nextMessage(client: UndiciSocket): Promise<string | Uint8Array> {
  const [{ data }] = (await once(client, "message")) as [MessageEvent<string | ArrayBuffer>];
  return typeof data === "string" ? data : received(data, true);
}

async function closeOf(client: UndiciSocket): Promise<[number, string, boolean]> {
  const [{ code, reason, wasClean }] = (await once(client, "close")) as [CloseEvent];
  return [code, reason, wasClean];
}

describe.each([
  { name: "without compression", compression: false },
  { name: "with compression", compression: { fromBytes: 0 } },
  { name: "with compression and contexts", compression: { fromBytes: 0, contextTakeover: true } },
])("our server and the client of undici, $name", ({ compression }) => {
  it("exchange messages of all kinds, twice each", async () => {
    const { url } = await startServer(echo, { compression });
    const client = await openUndici(url);
    expect(client.extensions.includes("permessage-deflate")).toBe(compression !== false);
    for (const { data, name } of [...messages, ...messages]) {
      const answer = nextMessage(client);
      client.send(data);
      expect(isSame(await answer, data), name).toBe(true);
    }
  });

  it("share a broadcast with a client that has no compression", async () => {
    const queue = new SocketQueue();
    const { port, server, url } = await startServer(queue.handler, { compression });
    const client = await openUndici(url);
    const peer = await openPeer(port);
    await queue.next();
    await queue.next();
    const answer = nextMessage(client);
    expect(broadcast(server.sockets, "to all of you")).toEqual([]);
    expect([await answer, (await peer.frame()).payload.toString()]).toEqual(["to all of you", "to all of you"]);
  });
});

describe("our server and the client of undici", () => {
  it("agree on a subprotocol", async () => {
    const { url } = await startServer(echo, { subprotocols: ["v2", "v1"] });
    expect((await openUndici(url, ["v1", "v2"])).protocol).toBe("v2");
  });

  it("close with a code and a reason, whoever begins", async () => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler);
    const first = await openUndici(url);
    const socket = await queue.next();
    const closed = closeOf(first);
    first.close(4001, "grüße");
    expect(await socket.closed).toEqual({ code: 4001, reason: "grüße", wasClean: true });
    expect(await closed).toEqual([4001, "", true]);
    const second = await openUndici(url);
    const closedToo = closeOf(second);
    await (await queue.next()).close(4002, "grüße");
    expect(await closedToo).toEqual([4002, "grüße", true]);
  });

  it("answers our pings", async () => {
    const queue = new SocketQueue();
    const { url } = await startServer(queue.handler);
    await openUndici(url);
    expect(await (await queue.next()).ping(new Uint8Array(125))).toBeGreaterThanOrEqual(0);
  });

  it("hears of a refusal", async () => {
    const { url } = await startServer(echo, { authenticate: () => undefined });
    const client = new UndiciSocket(url);
    const [event] = (await once(client, "error")) as [Event];
    expect(event.type).toBe("error");
  });
});
