import { beforeEach, describe, expect, it } from "vitest";
import { principal, SessionWorld, type Client } from "../../test/support/session-world.js";
import { deferred } from "../kernel/deferred.js";
import type { OpenedLog } from "../hub/store.js";
import type { Principal } from "../auth/principal.js";

const hello = { do: "hello" };
const error = (code: string, re?: number) =>
  expect.objectContaining({ ...(re === undefined ? {} : { re }), error: expect.objectContaining({ code }) });

describe("greeting", () => {
  let world: SessionWorld;
  beforeEach(() => {
    world = new SessionWorld();
  });

  it("opens the session of who authenticated at the handshake", async () => {
    const client = world.connect(principal("ada", "member"));
    expect(await client.ask(hello)).toEqual([
      { re: 1, ok: { session: client.session.id, principal: { id: "ada", roles: ["member"] } } },
    ]);
    expect(world.lines).toMatchObject([
      { level: "info", event: "session/open", fields: { principal: "ada", address: "192.0.2.1" } },
    ]);
    expect(world.clock.timerCount).toBe(0);
  });

  it("opens the session of who says so and knows the password", async () => {
    const client = world.connect();
    const auth = { scheme: "basic", username: "ada", password: "lovelace" };
    expect(await client.ask({ ...hello, auth })).toMatchObject([{ re: 1, ok: { principal: { id: "ada" } } }]);
  });

  it.each([
    ["nothing", undefined],
    ["a wrong password", { scheme: "basic", username: "ada", password: "x" }],
    ["a token that nobody knows", { scheme: "bearer", token: "x" }],
  ])("refuses who shows %s, and closes", async (_what, auth) => {
    const client = world.connect();
    expect(await client.ask({ ...hello, auth })).toEqual([error("auth/refused", 1)]);
    expect(client.link.closedWith).toMatchObject({ code: 4002 });
    expect(world.clock.timerCount).toBe(0);
    expect(JSON.stringify(world.lines)).not.toContain("password");
  });

  it("does not let a wrong hello pass for the sake of the handshake", async () => {
    const client = world.connect(principal("ada", "member"));
    expect(await client.ask({ ...hello, auth: { scheme: "bearer", token: "x" } })).toEqual([error("auth/refused")]);
    expect(client.link.closedWith).toMatchObject({ code: 4002 });
  });

  it("closes when no hello comes in time", async () => {
    const client = world.connect(principal("ada"));
    await world.clock.pass(4999);
    expect(client.link.closedWith).toBeUndefined();
    await world.clock.pass(1);
    expect(client.link.closedWith).toMatchObject({ code: 4001 });
  });

  it("closes when the authenticator takes too long, and does not open afterwards", async () => {
    const answer = deferred<Principal>();
    const client = world.connect(undefined, { authenticate: () => answer.promise });
    client.send({ ...hello, auth: { scheme: "bearer", token: "x" } });
    await world.clock.pass(5000);
    answer.resolve(principal("ada"));
    expect(await client.settled()).toEqual([]);
    expect(client.link.closedWith).toMatchObject({ code: 4001 });
  });

  it("closes with an error of ours when the authenticator fails, and logs why", async () => {
    const authenticate = () => Promise.reject(new Error("the directory is down"));
    const client = world.connect(undefined, { authenticate });
    expect(await client.ask({ ...hello, auth: { scheme: "bearer", token: "x" } })).toEqual([
      error("server/internal", 1),
    ]);
    expect(client.link.closedWith).toMatchObject({ code: 1011 });
    const fields = { command: "hello", cause: "Error: the directory is down", stack: expect.any(String) };
    expect(world.lines).toMatchObject([{ level: "error", event: "session/failed", fields }, { event: "session/over" }]);
  });

  it("comes first, and once", async () => {
    const client = world.connect(principal("ada", "member"));
    expect(await client.ask({ do: "publish", channel: "bare/1", data: 1 })).toEqual([error("wire/hello-first", 1)]);
    await client.ask(hello);
    expect(await client.ask(hello)).toEqual([error("wire/hello-first", 3)]);
    expect(client.link.closedWith).toBeUndefined();
  });

  it("is waited for by the commands that were sent behind it", async () => {
    const client = world.connect();
    client.send({ ...hello, auth: { scheme: "basic", username: "ada", password: "lovelace" } });
    client.send({ do: "subscribe", channel: "bare/1" });
    client.send({ do: "publish", channel: "bare/1", data: 7 });
    const replies = await client.settled();
    expect(replies).toMatchObject([{ re: 1 }, { re: 2, ok: {} }, { push: "message", data: 7 }, { re: 3, ok: {} }]);
  });

  it("refuses credentials that have expired, and closes the session when they do", async () => {
    const until = (ms: number) => ({ ...principal("ada", "member"), expiresAtMs: world.clock.wallTimeMs() + ms });
    const late = world.connect(until(0));
    await late.ask(hello);
    expect(late.link.closedWith).toMatchObject({ code: 4002 });
    const client = await world.open(until(3 * 86_400_000));
    await world.clock.pass(3 * 86_400_000 - 1);
    expect(client.link.closedWith).toBeUndefined();
    await world.clock.pass(1);
    expect(client.link.closedWith).toMatchObject({ code: 4501 });
    expect(world.clock.timerCount).toBe(0);
  });
});

describe("commands", () => {
  let world: SessionWorld;
  let client: Client;
  beforeEach(async () => {
    world = new SessionWorld();
    client = await world.open();
    world.lines.length = 0;
  });

  it("publish and deliver in order, and answer each", async () => {
    const other = await world.open();
    await other.ask({ do: "subscribe", channel: "chat/lobby" });
    for (const text of ["1", "2", "3"]) client.send({ do: "publish", channel: "chat/lobby", data: { text } });
    const replies = await client.settled();
    expect(replies.map(({ re }) => re)).toEqual([2, 3, 4]);
    expect(replies[2]).toMatchObject({
      ok: { stage: "delivered", position: { epoch: expect.any(String), offset: 3 } },
    });
    const at = world.clock.wallTimeMs();
    expect(await other.settled()).toEqual(
      ["1", "2", "3"].map((text, index) => ({
        push: "message",
        channel: "chat/lobby",
        offset: index + 1,
        data: { text },
        from: "ada",
        at,
      })),
    );
  });

  it("are answered with what the pipeline says", async () => {
    expect(await client.ask({ do: "publish", channel: "chat/lobby", data: { text: "" } })).toEqual([
      error("message/invalid", 2),
    ]);
    expect(world.lines).toMatchObject([
      { level: "warn", event: "pipeline/refused", fields: { principal: "ada", channel: "chat/lobby" } },
    ]);
    expect(world.lines).toHaveLength(1);
  });

  it.each(["subscribe", "publish", "join"])(
    "that %s on unknown or forbidden channels are refused, and logged in one line",
    async (name) => {
      const command = { do: name, data: { text: "x" }, state: { name: "x" } };
      expect(await client.ask({ ...command, channel: "nowhere" })).toEqual([error("channel/unknown", 2)]);
      expect(await client.ask({ ...command, channel: "secret" })).toEqual([error("policy/denied", 3)]);
      expect(await client.ask({ ...command, channel: "__proto__" })).toEqual([error("channel/unknown", 4)]);
      const fields = {
        session: client.session.id,
        principal: "ada",
        address: "192.0.2.1",
        command: name,
        channel: "nowhere",
        code: "channel/unknown",
      };
      expect(world.lines[0]).toMatchObject({ level: "warn", event: "session/refused", fields });
      expect(world.lines).toHaveLength(3);
    },
  );

  it("of a role that may only read are refused where they write", async () => {
    const reader = await world.open(principal("rob", "reader"));
    expect(await reader.ask({ do: "subscribe", channel: "chat/lobby" })).toMatchObject([
      { ok: {} },
      { push: "presence" },
    ]);
    const [refusal] = await reader.ask({ do: "publish", channel: "chat/lobby", data: { text: "x" } });
    expect(refusal).toMatchObject({
      error: { code: "policy/denied", message: "rob may not publish to chat/lobby", retryable: false },
    });
  });

  it.each([
    ["nonsense", "wire/not-json"],
    ["[]", "wire/not-json"],
    ['{"id":9}', "wire/malformed"],
    ['{"id":9,"do":"toString"}', "wire/unknown-command"],
    ['{"id":9,"do":"leave","channel":"a b"}', "channel/invalid-name"],
  ])("that are malformed are refused: %s", async (text, code) => {
    client.session.receive(text);
    expect(await client.settled()).toEqual([error(code)]);
    expect(client.link.closedWith).toBeUndefined();
  });

  it("in bytes are refused", async () => {
    client.session.receive(new Uint8Array([0x7b, 0x7d]));
    expect(await client.settled()).toEqual([error("wire/not-json")]);
  });

  it("that hit a defect are answered without its details, which are in the log", async () => {
    world.hub.subscribe = () => Promise.reject(new TypeError("a bug"));
    expect(await client.ask({ do: "subscribe", channel: "bare/1" })).toEqual([error("server/internal", 2)]);
    expect(JSON.stringify(world.lines)).toContain("TypeError: a bug");
    expect(client.link.closedWith).toBeUndefined();
  });

  it("that find a log which cannot be opened are told to come again, and the log knows why", async () => {
    world.store.open = () => Promise.reject(new Error("bad disk"));
    expect(await client.ask({ do: "subscribe", channel: "bare/1" })).toEqual([error("server/log-unavailable", 2)]);
    expect(await client.ask({ do: "join", channel: "chat/a", state: { name: "Ada" } })).toEqual([
      error("server/log-unavailable", 3),
    ]);
    expect(JSON.stringify(world.lines)).toContain("Error: bad disk");
    expect(client.link.closedWith).toBeUndefined();
  });

  it("that fail with something that is no error are answered, too", async () => {
    const odd = world.connect(principal("ada"), { authenticate: () => Promise.reject("text") });
    expect(await odd.ask({ ...hello, auth: { scheme: "bearer", token: "x" } })).toEqual([error("server/internal")]);
  });

  it("that the pipeline fails with a defect are answered as one", async () => {
    const { pipeline } = world.services;
    pipeline.publish = () => Promise.reject(new TypeError("a defect"));
    expect(await client.ask({ do: "publish", channel: "bare/1", data: 1 })).toEqual([error("server/internal", 2)]);
  });
});

describe("the end of a session", () => {
  it("gives back its subscriptions, memberships and timers, whichever side ends it", async () => {
    for (const end of [(client: Client) => client.session.closed(), (client: Client) => client.session.goodbye(500)]) {
      const world = new SessionWorld();
      const client = await world.open({ ...principal("ada", "member"), expiresAtMs: world.clock.wallTimeMs() + 1000 });
      await client.ask({ do: "subscribe", channel: "chat/a" });
      await client.ask({ do: "join", channel: "chat/b", state: { name: "Ada" } });
      expect(world.hub.channelCount).toBe(2);
      end(client);
      // The member stays for its lease: the client may come back.
      expect(world.hub.channelCount).toBe(1);
      world.clock.advance(30_000);
      expect(world.hub.channelCount).toBe(0);
      world.clock.advance(50);
      expect(world.clock.timerCount).toBe(0);
      expect(world.lines.filter(({ event }) => event === "session/over")).toHaveLength(1);
    }
  });

  it("says goodbye with a time to come back", async () => {
    const world = new SessionWorld();
    const client = await world.open();
    client.session.goodbye(500);
    client.session.goodbye(500);
    expect(client.link.take()).toEqual([{ push: "goodbye", retryAfterMs: 500 }]);
    expect(client.link.closedWith).toMatchObject({ code: 1012 });
  });

  it("is the end: what comes later is neither carried out nor answered", async () => {
    const world = new SessionWorld();
    const client = await world.open();
    client.send({ do: "subscribe", channel: "chat/a" });
    client.send({ do: "join", channel: "chat/a", state: { name: "Ada" } });
    client.send({ do: "publish", channel: "chat/a", data: { text: "on its way" } });
    client.session.closed();
    client.send({ do: "subscribe", channel: "chat/b" });
    client.session.drained();
    expect(await client.settled()).toEqual([]);
    expect(world.hub.channelCount).toBe(0);
  });

  it("does not take back what was handed to the pipeline, and answers nobody", async () => {
    const world = new SessionWorld();
    const [client, other] = [await world.open(), await world.open()];
    await other.ask({ do: "subscribe", channel: "bare/1" });
    client.send({ do: "publish", channel: "bare/1", data: "last words" });
    client.send({ do: "publish", channel: "chat/a", data: "not valid" });
    client.session.closed();
    expect(await client.settled()).toEqual([]);
    expect(await other.settled()).toMatchObject([{ push: "message", data: "last words" }]);
  });

  it("does not subscribe or join when that took until after the end", async () => {
    const world = new SessionWorld();
    const gate = deferred<OpenedLog>();
    world.store.open = () => gate.promise;
    const client = await world.open();
    client.send({ do: "subscribe", channel: "bare/1" });
    await world.clock.settle();
    client.session.closed();
    gate.resolve({ epoch: "e", head: 0, members: [] });
    world.store.release = async () => undefined;
    expect(await client.settled()).toEqual([]);
    expect(world.hub.channelCount).toBe(0);
  });

  it("keeps a command that failed after the end to itself", async () => {
    const world = new SessionWorld();
    const gate = deferred<never>();
    world.store.open = () => gate.promise;
    const client = await world.open();
    client.send({ do: "subscribe", channel: "bare/1" });
    await world.clock.settle();
    client.session.closed();
    gate.reject(new Error("bad disk"));
    expect(await client.settled()).toEqual([]);
  });
});

describe("a session that goes on", () => {
  const refresh = { do: "refresh", auth: { scheme: "bearer", token: "new" } };
  let world: SessionWorld;
  const until = (ms: number): Principal => ({
    ...principal("ada", "member"),
    expiresAtMs: world.clock.wallTimeMs() + ms,
  });
  beforeEach(() => {
    world = new SessionWorld();
  });

  it("is refreshed with credentials of the same principal, and lives as long as they do", async () => {
    const client = await world.open(until(1_000));
    world.authenticateAs(until(5_000));
    expect(await client.ask(refresh)).toEqual([{ re: 2, ok: { expiresInMs: 5_000 } }]);
    await world.clock.pass(4_999);
    expect(client.link.closedWith).toBeUndefined();
    await world.clock.pass(1);
    expect(client.link.closedWith).toMatchObject({ code: 4501 });
  });

  it("keeps what it has when a refresh is refused", async () => {
    const client = await world.open(until(1_000));
    expect(await client.ask(refresh)).toEqual([error("auth/refused", 2)]);
    world.authenticateAs(principal("rob"));
    expect(await client.ask(refresh)).toEqual([error("auth/other-principal", 3)]);
    expect(client.session.principal).toMatchObject({ id: "ada" });
    await world.clock.pass(1_000);
    expect(client.link.closedWith).toMatchObject({ code: 4501 });
  });

  it("is not refreshed when it ended meanwhile", async () => {
    const answer = deferred<Principal>();
    const client = world.connect(principal("ada"), { authenticate: () => answer.promise });
    await client.ask(hello);
    client.send(refresh);
    await world.clock.settle();
    client.session.closed();
    expect(client.session.principal).toBeUndefined();
    answer.resolve(until(5_000));
    expect(await client.settled()).toEqual([]);
    expect(world.clock.timerCount).toBe(0);
  });

  it("that is sent away for good leaves at once where it was present", async () => {
    world = new SessionWorld({ refusalsBurstMax: 1 });
    const client = await world.open();
    await client.ask({ do: "join", channel: "chat/a", state: { name: "Ada" } });
    for (let count = 0; count < 2; count++) client.session.receive("nonsense");
    expect(client.link.closedWith).toMatchObject({ code: 4003 });
    await world.clock.pass(50);
    expect(world.hub.channelCount).toBe(0);
  });

  it("is told whether its contract differs, and where", async () => {
    const client = world.connect(principal("ada"));
    expect(await client.ask({ ...hello, contract: "0" })).toMatchObject([{ ok: { contract: "differs" } }]);
    const { fingerprint, parts } = world.services.contract;
    const [same] = await world.connect(principal("ada")).ask({ ...hello, contract: fingerprint });
    expect(same?.["ok"]).not.toHaveProperty("contract");
    expect(await client.ask({ do: "compare", parts: { ...parts, secret: "0", more: "1" } })).toEqual([
      { re: 2, ok: { changed: ["secret"], missing: ["more"] } },
    ]);
  });

  it("is one for a client: the next one takes over, and the first is closed", async () => {
    const [first, second] = [world.connect(principal("ada")), world.connect(principal("ada"))];
    for (const client of [first, second]) await client.ask({ ...hello, client: "0123456789abcdef" });
    expect([first.link.closedWith, second.link.closedWith]).toMatchObject([{ code: 4005 }, undefined]);
    expect(second.session.id).toBe(first.session.id);
    first.session.closed();
    expect(world.services.registry.size).toBe(1);
    second.session.closed();
    expect(world.services.registry.size).toBe(0);
  });

  it("answers a ping", async () => {
    expect(await (await world.open()).ask({ do: "ping" })).toEqual([{ re: 2, ok: {} }]);
  });
});
