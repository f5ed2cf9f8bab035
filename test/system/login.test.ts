import { once } from "node:events";
import { WebSocket as UndiciWebSocket } from "undici";
import { describe, expect, it } from "vitest";
import { authorization, BusGround } from "../support/bus-ground.js";
import { RawClient, refusal } from "../support/raw-client.js";

const ground = new BusGround();

describe("logging in", () => {
  it("works with HTTP Basic at the handshake", async () => {
    const { server, url } = await ground.serve();
    const client = await RawClient.connect(url, { headers: authorization("ada", "lovelace") });
    expect(await client.ask({ do: "hello" })).toMatchObject({ ok: { principal: { id: "ada", roles: ["member"] } } });
    expect(server.connections).toBe(1);
  });

  it("works with what the client says in its hello", async () => {
    const { url } = await ground.serve();
    const client = await RawClient.connect(url);
    const auth = { scheme: "basic", username: "rob", password: "reads" };
    expect(await client.ask({ do: "hello", auth })).toMatchObject({
      ok: { principal: { id: "rob", roles: ["reader"] } },
    });
  });

  it("is refused at the handshake with a challenge", async () => {
    const { url } = await ground.serve();
    const challenge = 'Basic realm="busbar", charset="UTF-8"';
    expect(await refusal(url, { headers: authorization("ada", "wrong") })).toEqual({ status: 401, challenge });
    expect(await refusal(url, { headers: { Authorization: "Basic nonsense" } })).toEqual({ status: 401, challenge });
    expect(await refusal(url, { headers: { Authorization: "Bearer abc" } })).toEqual({ status: 401, challenge });
  });

  it.each([
    { scheme: "basic", username: "ada", password: "wrong" },
    { scheme: "basic", username: "__proto__", password: "" },
    { scheme: "bearer", token: "abc" },
    undefined,
  ])("is refused in the hello: %o", async (auth) => {
    const { url } = await ground.serve();
    const client = await RawClient.connect(url);
    expect(await client.ask({ do: "hello", auth })).toMatchObject({
      error: { code: "auth/refused", retryable: false },
    });
    expect(await client.closed).toMatchObject({ code: 4002 });
  });

  it("never writes a secret into the log", async () => {
    const { url } = await ground.serve();
    await refusal(url, { headers: authorization("ada", "hunter2") });
    const client = await RawClient.connect(url);
    await client.ask({ do: "hello", auth: { scheme: "basic", username: "ada", password: "hunter2" } });
    await client.closed;
    expect(ground.lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(ground.lines)).not.toContain("hunter2");
  });

  it("comes before everything else", async () => {
    const { url } = await ground.serve();
    const client = await RawClient.connect(url);
    const subscribe = { do: "subscribe", channel: "chat/lobby" };
    expect(await client.ask(subscribe)).toMatchObject({ error: { code: "wire/hello-first" } });
  });

  it("is given up when no hello comes", async () => {
    const { url } = await ground.serve({ limits: { session: { helloTimeoutMs: 1 } } });
    const client = await RawClient.connect(url);
    expect(await client.closed).toEqual({ code: 4001, reason: "no hello in time" });
  });

  it("needs the subprotocol", async () => {
    const { url } = await ground.serve();
    const client = await RawClient.connect(url, { subprotocols: [] });
    expect(await client.closed).toMatchObject({ code: 4004 });
  });

  it("is for this server's own pages only, unless others are named", async () => {
    const { url } = await ground.serve();
    expect(await refusal(url, { headers: { Origin: "https://evil.example" } })).toMatchObject({ status: 403 });
    const open = await ground.serve({ origins: ["https://good.example"] });
    const client = await RawClient.connect(open.url, { headers: { Origin: "https://good.example" } });
    client.cut();
  });

  it("works with Node's own WebSocket client", async () => {
    const { url } = await ground.serve();
    const socket = new UndiciWebSocket(url, { protocols: "busbar.v1", headers: authorization("ada", "lovelace") });
    await once(socket, "open");
    socket.send(JSON.stringify({ id: 1, do: "hello" }));
    const [event] = await once(socket, "message");
    expect(JSON.parse(event.data)).toMatchObject({ re: 1, ok: { principal: { id: "ada" } } });
    socket.close();
    await once(socket, "close");
  });
});
