import { beforeEach, describe, expect, it } from "vitest";
import { principal, SessionWorld, type Client } from "../../test/support/session-world.js";
import { policy } from "../auth/policy.js";

const denied = (re: number, message: string) =>
  expect.objectContaining({ re, error: expect.objectContaining({ code: "policy/denied", message }) });
const texts = (pushes: readonly Record<string, unknown>[]) =>
  pushes.filter(({ push }) => push === "message").map(({ data }) => Object(data)["text"]);
const kinds = (pushes: readonly Record<string, unknown>[]) => pushes.map((one) => one["push"] ?? Object.keys(one)[1]);

/** Only historians read what was before. */
const historians = policy({ roles: { historian: { allow: [{ do: "history", on: "chat/:room" }] } } });
const rob = principal("rob", "reader");

describe("history", () => {
  let world: SessionWorld;
  let writer: Client;
  beforeEach(async () => {
    world = new SessionWorld();
    writer = await world.open();
  });

  const write = async (...all: string[]): Promise<unknown> => {
    for (const text of all) writer.send({ do: "publish", channel: "chat/a", data: { text } });
    const replies = await writer.settled();
    return Object(replies.at(-1)?.["ok"])["position"];
  };
  const open = async (who = rob, name = "r0123456789abcdef"): Promise<Client> => {
    const client = world.connect(who);
    await client.ask({ do: "hello", client: name });
    return client;
  };

  it("is read by whoever may subscribe, where no rule speaks of it", async () => {
    await write("1", "2");
    const client = await open();
    expect(texts(await client.ask({ do: "subscribe", channel: "chat/a", from: "start" }))).toEqual(["1", "2"]);
  });

  it("is refused to who may not read it, and what comes is not", async () => {
    world.services.authority.replace(historians);
    await write("1");
    const client = await open();
    const message = "rob may not read the history of chat/a";
    for (const [re, from] of [
      [2, "start"],
      [3, { last: 1 }],
    ] as const) {
      expect(await client.ask({ do: "subscribe", channel: "chat/a", from })).toEqual([denied(re, message)]);
    }
    const rule = 'no rule allows history on "chat/:room"';
    expect(world.audited).toContainEqual({
      kind: "denied",
      principal: "rob",
      action: "history",
      name: "chat/a",
      rule,
    });
    expect(texts(await client.ask({ do: "subscribe", channel: "chat/a" }))).toEqual([]);
    await write("2");
    expect(texts(await client.settled())).toEqual(["2"]);
    const historian = await open(principal("hal", "reader", "historian"), "h0123456789abcdef");
    expect(texts(await historian.ask({ do: "subscribe", channel: "chat/a", from: "start" }))).toEqual(["1", "2"]);
  });

  it("from a position that it could not read live is a gap for who may not read it, whatever the position says", async () => {
    world.services.authority.replace(historians);
    const position = Object(await write("1", "2", "3"));
    for (const from of [
      { ...position, offset: 0 },
      { ...position, offset: 2 },
      { ...position, offset: 9 },
      { epoch: "other", offset: 0 },
    ]) {
      const client = await open(rob, `r${JSON.stringify(from).length}23456789abcdef0`);
      const pushes = await client.ask({ do: "subscribe", channel: "chat/a", from });
      expect(pushes).toMatchObject([{ ok: { position } }, { push: "presence" }, { push: "gap", position }]);
      client.session.closed(1000);
    }
    const current = await open();
    const pushes = await current.ask({ do: "subscribe", channel: "chat/a", from: position });
    expect(kinds(pushes)).toEqual(["ok", "presence"]);
  });

  it("is no obstacle to going on after a cut, with all that was missed", async () => {
    world.services.authority.replace(historians);
    const before = Object(await write("1"));
    const client = await open();
    await client.ask({ do: "subscribe", channel: "chat/a" });
    const seen = Object(await write("2"));
    client.session.closed();
    await write("3", "4");
    const again = await open();
    expect(texts(await again.ask({ do: "subscribe", channel: "chat/a", from: seen }))).toEqual(["3", "4"]);
    again.session.closed();
    const greedy = await open();
    const pushes = await greedy.ask({ do: "resume", cursors: [{ channel: "chat/a", from: { ...before, offset: 0 } }] });
    expect(pushes).toMatchObject([
      { ok: { cursors: [{ position: before }] } },
      { push: "presence" },
      { push: "gap", position: before },
      { data: { text: "2" } },
      { data: { text: "3" } },
      { data: { text: "4" } },
    ]);
  });

  it("cannot be had with another client's name", async () => {
    world.services.authority.replace(historians);
    await write("1");
    const client = await open();
    await client.ask({ do: "subscribe", channel: "chat/a" });
    const seen = Object(await write("2", "3"));
    const thief = await open(principal("eve", "reader"));
    const pushes = await thief.ask({ do: "subscribe", channel: "chat/a", from: { ...seen, offset: 1 } });
    expect(texts(pushes)).toEqual([]);
    expect(kinds(pushes)).toEqual(["ok", "presence", "gap"]);
  });

  it("of the time in which it was not allowed to subscribe is lost", async () => {
    world.services.authority.replace(historians);
    const client = await open();
    await client.ask({ do: "subscribe", channel: "chat/a" });
    const seen = Object(await write("1"));
    const nobody = policy({
      roles: {
        historian: { allow: [{ do: "history", on: "chat/:room" }] },
        reader: { deny: [{ do: "*", on: "chat/:room" }] },
      },
    });
    world.services.authority.replace(nobody);
    client.session.judge();
    await write("2");
    world.services.authority.replace(historians);
    await client.settled();
    expect(texts(await client.ask({ do: "subscribe", channel: "chat/a", from: seen }))).toEqual([]);
  });

  it("that is being read ends when it is not allowed any more, and what is at the log's end goes on", async () => {
    await write("1", "2", "3");
    const slow = await open();
    await slow.ask({ do: "ping" });
    slow.link.isSlow = true;
    const [late, live] = [slow, await open(rob, "l0123456789abcdef")];
    // Something waits at its connection, so that it reads no further than one batch: here, nothing.
    late.link.bufferedBytes = 2_000_000;
    late.send({ do: "subscribe", channel: "chat/a", from: "start" });
    await live.ask({ do: "subscribe", channel: "chat/a", from: "start" });
    await late.settled();
    world.services.authority.replace(historians);
    for (const { session } of [late, live]) session.judge();
    late.drain();
    expect(await late.settled()).toMatchObject([{ push: "unsubscribed", error: { code: "policy/denied" } }]);
    await write("4");
    expect(texts(await live.settled())).toEqual(["4"]);
    expect(texts(await late.settled())).toEqual([]);
  });
});
