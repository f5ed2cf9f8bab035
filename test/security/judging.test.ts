/** What becomes of what a session has when the policy or its roles change. */
import { beforeEach, describe, expect, it } from "vitest";
import { principal, SessionWorld, type Client } from "../support/session-world.js";
import { policy, type Rule } from "../../src/auth/policy.js";

const denying = (...deny: Rule[]) => policy({ roles: { reader: { deny }, member: {} } });
const noChat = denying({ do: "*", on: "chat/:room" });
const unsubscribed = (channel: string) =>
  expect.objectContaining({ push: "unsubscribed", channel, error: expect.objectContaining({ code: "policy/denied" }) });
const rob = principal("rob", "reader");

describe("a session whose policy is replaced", () => {
  let world: SessionWorld;
  let client: Client;
  let writer: Client;
  beforeEach(async () => {
    world = new SessionWorld();
    client = await world.open(rob);
    writer = await world.open();
  });

  const write = async (text: string, channel = "chat/a"): Promise<void> => {
    await writer.ask({ do: "publish", channel, data: { text } });
  };

  it("is told that its subscription ended, with a reason, when it is judged", async () => {
    await client.ask({ do: "subscribe", channel: "chat/a" });
    world.services.authority.replace(noChat);
    client.session.judge();
    const message = "rob may not subscribe to chat/a";
    expect(await client.settled()).toEqual([
      { push: "unsubscribed", channel: "chat/a", error: { code: "policy/denied", message, retryable: false } },
    ]);
    const rule = 'roles.reader.deny[0] (* on "chat/:room")';
    const name = "chat/a";
    expect(world.audited.at(-1)).toEqual({ kind: "denied", principal: "rob", action: "subscribe", name, rule });
  });

  it("is sent no message of before it is judged: the first one ends the subscription", async () => {
    await client.ask({ do: "subscribe", channel: "chat/a" });
    world.services.authority.replace(noChat);
    await write("not for rob");
    expect(await client.settled()).toEqual([unsubscribed("chat/a")]);
    await write("neither");
    client.session.judge();
    expect(await client.settled()).toEqual([]);
  });

  it("goes on with what it may still have, and is decided once for it", async () => {
    let asked = 0;
    const isAllowed = (): boolean => {
      asked++;
      return false;
    };
    await client.ask({ do: "subscribe", channel: "chat/a" });
    world.services.authority.replace(denying({ do: "subscribe", on: "chat/:room", if: isAllowed }));
    for (let count = 0; count < 10; count++) await write(String(count));
    client.session.judge();
    expect(await client.settled()).toHaveLength(10);
    expect(asked).toBe(1);
  });

  it("is not told who is present any more", async () => {
    await client.ask({ do: "subscribe", channel: "chat/a" });
    world.services.authority.replace(noChat);
    await writer.ask({ do: "join", channel: "chat/a", state: { name: "Ada" } });
    await world.clock.pass(1_000);
    expect(await client.settled()).toEqual([unsubscribed("chat/a")]);
    await writer.ask({ do: "leave", channel: "chat/a" });
    await world.clock.pass(1_000);
    client.drain();
    expect(await client.settled()).toEqual([]);
  });

  it("gets nothing of a log that it was reading", async () => {
    await write("1");
    client.link.bufferedBytes = 2_000_000;
    client.send({ do: "subscribe", channel: "chat/a", from: "start" });
    await client.settled();
    world.services.authority.replace(noChat);
    client.drain();
    expect(await client.settled()).toEqual([unsubscribed("chat/a")]);
  });

  it("is refused what was still being opened, and reads nothing of it", async () => {
    const open = world.store.open.bind(world.store);
    let go = (): void => {};
    world.store.open = async (channel, log) => {
      if (channel === "chat/b") await new Promise<void>((resolve) => (go = resolve));
      return open(channel, log);
    };
    const cursors = [{ channel: "chat/a" }, { channel: "chat/b" }];
    const re = client.send({ do: "resume", cursors });
    await client.settled();
    world.services.authority.replace(noChat);
    client.session.judge();
    expect(await client.settled()).toEqual([]);
    go();
    const error = expect.objectContaining({ code: "policy/denied" });
    expect(await client.settled()).toEqual([{ re, ok: { cursors: [{ error }, { error }] } }]);
    await write("1");
    expect(await client.settled()).toEqual([]);
    expect(world.hub.channelCount).toBe(0);
  });

  it("leaves where it may not be present any more", async () => {
    await writer.ask({ do: "subscribe", channel: "chat/a" });
    await client.ask({ do: "join", channel: "chat/a", state: { name: "Rob" } });
    await world.clock.pass(1_000);
    await writer.settled();
    world.services.authority.replace(noChat);
    client.session.judge();
    await world.clock.pass(1_000);
    expect(await writer.settled()).toMatchObject([{ push: "presence", joined: [], left: [expect.any(String)] }]);
  });

  it("is not present where that was not allowed any more before it was so", async () => {
    const open = world.store.open.bind(world.store);
    let go = (): void => {};
    world.store.open = async (channel, log) => {
      await new Promise<void>((resolve) => (go = resolve));
      return open(channel, log);
    };
    const re = client.send({ do: "join", channel: "chat/a", state: { name: "Rob" } });
    await client.settled();
    world.services.authority.replace(noChat);
    client.session.judge();
    go();
    expect(await client.settled()).toMatchObject([{ re, error: { code: "policy/denied" } }]);
    expect(world.hub.channelCount).toBe(0);
  });

  it("has its commands decided by the new policy at once", async () => {
    world.services.authority.replace(denying({ do: ["subscribe", "presence"], on: "chat/:room" }));
    for (const command of [
      { do: "subscribe", channel: "chat/a" },
      { do: "join", channel: "chat/a", state: { name: "Rob" } },
      { do: "publish", channel: "chat/a", data: { text: "x" } },
    ]) {
      expect(await client.ask(command)).toMatchObject([{ error: { code: "policy/denied" } }]);
    }
  });
});

describe("a session whose principal is given other roles", () => {
  it("has them at once, on top of its credentials, until they are taken back", async () => {
    const world = new SessionWorld();
    const client = await world.open(rob);
    const { authority } = world.services;
    await client.ask({ do: "subscribe", channel: "chat/a" });
    authority.assign("rob", ["member"]);
    client.session.rolesChanged();
    expect(client.session.principal?.roles).toEqual(["member"]);
    expect(await client.ask({ do: "publish", channel: "chat/a", data: { text: "x" } })).toMatchObject([
      { push: "message" },
      { ok: { stage: "delivered" } },
    ]);
    authority.assign("rob", []);
    client.session.rolesChanged();
    const writer = await world.open();
    await writer.ask({ do: "publish", channel: "chat/a", data: { text: "not for rob" } });
    expect(await client.settled()).toEqual([unsubscribed("chat/a")]);
    authority.assign("rob", undefined);
    client.session.rolesChanged();
    expect(client.session.principal?.roles).toEqual(["reader"]);
  });

  it("has them on its next connection, and after a refresh", async () => {
    const world = new SessionWorld();
    world.services.authority.assign("rob", ["member"]);
    const client = world.connect(rob);
    expect(await client.ask({ do: "hello" })).toMatchObject([{ ok: { principal: { id: "rob", roles: ["member"] } } }]);
    world.authenticateAs(rob);
    await client.ask({ do: "refresh", auth: { scheme: "bearer", token: "new" } });
    expect(client.session.principal?.roles).toEqual(["member"]);
  });

  it("is nobody to judge before it is known who it is", () => {
    const world = new SessionWorld();
    const { session } = world.connect();
    session.rolesChanged();
    session.judge();
    expect(session.holdings).toEqual([]);
  });

  it("tells what it has, and what it was allowed of late", async () => {
    const world = new SessionWorld();
    const client = await world.open(rob);
    await client.ask({ do: "subscribe", channel: "chat/a" });
    await client.ask({ do: "join", channel: "chat/b", state: { name: "Rob" } });
    await client.ask({ do: "publish", channel: "chat/a", data: { text: "x" } });
    const told = client.session.holdings.map(({ action, name }) => `${action} ${name}`);
    expect(told.toSorted()).toEqual([
      "history chat/a",
      "presence chat/b",
      "presence chat/b",
      "subscribe chat/a",
      "subscribe chat/a",
    ]);
  });
});
