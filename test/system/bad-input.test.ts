import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { BusGround, users } from "../support/bus-ground.js";
import { RawClient, refusal } from "../support/raw-client.js";

const ground = new BusGround();
const lobby = "chat/lobby";
const refused = (code: string) => ({ error: { code, message: expect.any(String), retryable: expect.any(Boolean) } });

/** Commands that are well-formed JSON objects with an id, and the code that each is refused with. */
const commands: readonly [Record<string, unknown>, string][] = [
  [{ do: ["hello"] }, "wire/malformed"],
  [{ do: { toString: "hello" } }, "wire/malformed"],
  [{ do: "__proto__" }, "wire/unknown-command"],
  [{ do: "constructor" }, "wire/unknown-command"],
  [{ do: "hello" }, "wire/hello-first"],
  [{ do: "publish" }, "wire/malformed"],
  [{ do: "publish", channel: lobby }, "wire/malformed"],
  [{ do: "publish", channel: [lobby], data: { text: "x" } }, "wire/malformed"],
  [{ do: "publish", channel: { toString: lobby }, data: { text: "x" } }, "wire/malformed"],
  [{ do: "publish", channel: "", data: 1 }, "channel/invalid-name"],
  [{ do: "publish", channel: "chat/a b", data: 1 }, "channel/invalid-name"],
  [{ do: "publish", channel: `chat/${"x".repeat(251)}`, data: 1 }, "channel/invalid-name"],
  [{ do: "publish", channel: "nowhere", data: 1 }, "channel/unknown"],
  [{ do: "publish", channel: "__proto__", data: 1 }, "channel/unknown"],
  [{ do: "publish", channel: lobby, data: "text" }, "message/invalid"],
  [{ do: "publish", channel: lobby, data: { text: ["x"] } }, "message/invalid"],
  [{ do: "publish", channel: lobby, data: { text: "" } }, "message/invalid"],
  [{ do: "publish", channel: lobby, data: { text: "x".repeat(50_001) } }, "message/invalid"],
  [{ do: "subscribe", channel: 7 }, "wire/malformed"],
  [{ do: "subscribe", channel: lobby, from: "then" }, "wire/malformed"],
  [{ do: "subscribe", channel: lobby, from: { epoch: ["e"], offset: 1 } }, "wire/malformed"],
  [{ do: "subscribe", channel: lobby, from: { epoch: "e", offset: [1] } }, "wire/malformed"],
  [{ do: "subscribe", channel: lobby, from: { epoch: "e", offset: 2 ** 53 } }, "wire/malformed"],
  [{ do: "subscribe", channel: lobby, from: { last: -1 } }, "wire/malformed"],
  [{ do: "unsubscribe", channel: lobby }, "subscription/none"],
  [{ do: "leave", channel: lobby }, "subscription/none"],
  [{ do: "join", channel: lobby, state: [] }, "message/invalid"],
];

/** Messages that are no commands. */
const texts: readonly [string, string][] = [
  ["", "wire/not-json"],
  ["hello", "wire/not-json"],
  ["null", "wire/not-json"],
  ["[1]", "wire/not-json"],
  ["[".repeat(60_000), "wire/not-json"],
  ["{}", "wire/malformed"],
  ['{"do":"hello"}', "wire/malformed"],
  ['{"id":-1,"do":"hello"}', "wire/malformed"],
  ['{"id":1e999,"do":"hello"}', "wire/malformed"],
  ['{"id":{"__proto__":1},"do":"hello"}', "wire/malformed"],
  [`{"id":5,"do":"publish","channel":"board/x","data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, "wire/malformed"],
  ['{"id":5,"do":"publish","channel":"board/x","data":{"__proto__":{"polluted":true}}}', "wire/malformed"],
];

describe("bad input", () => {
  it("gets an error with a code, and the connection goes on", async () => {
    const { server, url } = await ground.serve();
    for (const [command, code] of commands) {
      const ada = await RawClient.login(url, "ada", users.ada.password);
      expect(await ada.ask(command), JSON.stringify(command)).toMatchObject(refused(code));
      expect(await ada.ask({ do: "publish", channel: lobby, data: { text: "still here" } })).toMatchObject({ ok: {} });
      ada.cut();
    }
    const ada = await RawClient.login(url, "ada", users.ada.password);
    for (const [text, code] of texts) {
      ada.socket.send(text);
      expect(await ada.next(), text.slice(0, 60)).toMatchObject(refused(code));
    }
    ada.socket.send(Buffer.from("{}"));
    expect(await ada.next()).toMatchObject(refused("wire/not-json"));
    expect(Object.prototype).not.toHaveProperty("polluted");
    expect(server.connections).toBeGreaterThan(0);
  });

  it("that is too large closes the connection before it is read", async () => {
    const [ada] = await ground.serveTo("ada");
    ada.socket.send(`{"id":2,"do":"publish","channel":"board/x","data":"${"x".repeat(70_000)}"}`);
    expect(await ada.closed).toMatchObject({ code: 1009 });
  });

  it("in too large a number is refused with a time to come back, then the connection is closed", async () => {
    const [ada] = await ground.serveTo("ada");
    for (let count = 0; count < 1000; count++) ada.send({ do: "publish", channel: "board/x", data: count });
    const limited = await ada.next(({ error }) => Object(error)["code"] === "limit/rate");
    expect(limited).toMatchObject({ error: { retryable: true, retryAfterMs: expect.any(Number) } });
    expect(await ada.closed).toMatchObject({ code: 4003 });
  });

  it("of a million channel names leaves no channel behind, and more than 128 subscriptions are refused", async () => {
    const [ada] = await ground.serveTo("ada");
    const replies = await Promise.all(
      Array.from({ length: 130 }, async (_, index) => ada.ask({ do: "subscribe", channel: `board/${index}` })),
    );
    expect(replies.slice(0, 128).every((reply) => reply["ok"] !== undefined)).toBe(true);
    expect(replies.slice(128)).toMatchObject([refused("subscription/too-many"), refused("subscription/too-many")]);
  });

  it("at the handshake or below it leaves the process alive", async () => {
    const { server, url } = await ground.serve();
    expect(await refusal(url.replace("/bus", "/elsewhere"))).toMatchObject({ status: 404 });
    for (const bytes of [
      "GET /bus HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
      "\u0000\u0001\u0002",
      "GET / HTTP/9.9\r\n\r\n",
    ]) {
      const socket: Socket = connect(Number(server.port), "127.0.0.1");
      await once(socket, "connect");
      socket.write(bytes);
      socket.resume();
      await once(socket, "close");
    }
    const cut: Socket = connect(Number(server.port), "127.0.0.1");
    await once(cut, "connect");
    cut.resetAndDestroy();
    const ada = await RawClient.login(url, "ada", users.ada.password);
    expect(await ada.ask({ do: "subscribe", channel: lobby })).toMatchObject({ ok: {} });
  });

  it("is one line each in the log, which says who, what and why", async () => {
    const [rob] = await ground.serveTo("rob");
    ground.lines.length = 0;
    await rob.ask({ do: "publish", channel: lobby, data: { text: "x" } });
    await rob.ask({ do: "subscribe", channel: "nowhere" });
    expect(ground.lines).toEqual([
      {
        event: "session/refused",
        fields: {
          session: expect.any(String),
          principal: "rob",
          address: "127.0.0.1",
          command: "publish",
          channel: lobby,
          code: "policy/denied",
          message: "rob may not publish to chat/lobby",
        },
      },
      { event: "session/refused", fields: expect.objectContaining({ channel: "nowhere", code: "channel/unknown" }) },
    ]);
  });
});
