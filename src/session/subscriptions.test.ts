import { beforeEach, describe, expect, it, vi } from "vitest";
import { principal, SessionWorld, type Client } from "../../test/support/session-world.js";

const error = (code: string, re: number) => expect.objectContaining({ re, error: expect.objectContaining({ code }) });
const messages = (pushes: readonly Record<string, unknown>[]) =>
  pushes.filter(({ push }) => push === "message").map(({ data }) => data);

describe("a session's subscriptions", () => {
  let world: SessionWorld;
  let client: Client;
  let writer: Client;
  beforeEach(async () => {
    world = new SessionWorld({ subscriptionsMax: 2, outboxBytesMax: 300 });
    client = await world.open();
    writer = await world.open();
  });

  /** Let the client's principal have these roles from now on. */
  const refreshAs = async (...roles: string[]): Promise<void> => {
    world.authenticateAs(principal("ada", ...roles));
    client.send({ do: "refresh", auth: { scheme: "bearer", token: "new" } });
    await world.clock.settle();
  };

  const write = async (...data: unknown[]): Promise<Record<string, unknown>[]> => {
    for (const datum of data) writer.send({ do: "publish", channel: "bare/1", data: datum });
    return writer.settled();
  };

  it("begin behind the position that the reply names", async () => {
    await write(1, 2, 3);
    const [reply, ...pushes] = await client.ask({ do: "subscribe", channel: "bare/1", from: { last: 2 } });
    expect(reply).toMatchObject({ re: 2, ok: { position: { offset: 1 } } });
    expect(pushes).toMatchObject([{ offset: 2 }, { offset: 3 }]);
  });

  it("begin with what comes next, unless something else is asked for", async () => {
    await write(1);
    expect(await client.ask({ do: "subscribe", channel: "bare/1" })).toMatchObject([
      { ok: { position: { offset: 1 } } },
    ]);
    await write(2);
    expect(messages(await client.settled())).toEqual([2]);
  });

  it("go on behind a position after a cut", async () => {
    const [reply] = await client.ask({ do: "subscribe", channel: "bare/1" });
    client.session.closed();
    await write(1, 2);
    const again = await world.open();
    const { position } = Object(reply?.["ok"]);
    expect(messages(await again.ask({ do: "subscribe", channel: "bare/1", from: position }))).toEqual([1, 2]);
  });

  it("tell what is gone before they go on", async () => {
    for (let text = 1; text <= 8; text++) writer.send({ do: "publish", channel: "chat/a", data: { text: `${text}` } });
    const replies = await writer.settled();
    const { epoch } = Object(Object(replies[0]?.["ok"])["position"]);
    const pushes = await client.ask({ do: "subscribe", channel: "chat/a", from: { epoch, offset: 1 } });
    expect(pushes).toMatchObject([
      { ok: { position: { epoch, offset: 1 } } },
      { push: "presence", members: [] },
      { push: "gap", channel: "chat/a", position: { epoch, offset: 3 }, lost: { from: 2, to: 3 } },
      { push: "message", offset: 4 },
      { offset: 5 },
      { offset: 6 },
      { offset: 7 },
      { offset: 8 },
    ]);
    const later = await world.open();
    const [reply, , gap] = await later.ask({ do: "subscribe", channel: "chat/a", from: { epoch: "old", offset: 99 } });
    expect(reply).toMatchObject({ ok: { position: { epoch, offset: 3 } } });
    expect(gap).toEqual({ push: "gap", channel: "chat/a", position: { epoch, offset: 3 } });
  });

  it("end when they are told to", async () => {
    await client.ask({ do: "subscribe", channel: "bare/1" });
    expect(await client.ask({ do: "unsubscribe", channel: "bare/1" })).toEqual([{ re: 3, ok: {} }]);
    await write(1);
    expect(await client.settled()).toEqual([]);
    expect(world.hub.channelCount).toBe(0);
    expect(await client.ask({ do: "unsubscribe", channel: "bare/1" })).toEqual([error("subscription/none", 4)]);
  });

  it("are one for a channel, and bounded", async () => {
    await client.ask({ do: "subscribe", channel: "bare/1" });
    expect(await client.ask({ do: "subscribe", channel: "bare/1" })).toEqual([error("subscription/exists", 3)]);
    await client.ask({ do: "subscribe", channel: "bare/2" });
    expect(await client.ask({ do: "subscribe", channel: "bare/3" })).toEqual([error("subscription/too-many", 5)]);
    await client.ask({ do: "unsubscribe", channel: "bare/1" });
    expect(await client.ask({ do: "subscribe", channel: "bare/3" })).toMatchObject([{ re: 7, ok: {} }]);
  });

  it("of a client that does not read leave the head, cost a bounded amount, and catch up when it reads again", async () => {
    await client.ask({ do: "subscribe", channel: "bare/1" });
    await client.ask({ do: "subscribe", channel: "bare/2" });
    client.link.isSlow = true;
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    await write(...numbers);
    expect(client.link.bufferedBytes).toBeLessThan(300 + 100);
    const seen = messages(await client.settled());
    while (seen.length < 50) {
      client.drain();
      const more = messages(await client.settled());
      expect(more.length).toBeGreaterThan(0);
      expect(client.link.bufferedBytes).toBeLessThan(300 + 100);
      seen.push(...more);
    }
    expect(seen).toEqual(numbers);
    client.link.isSlow = false;
    client.drain();
    await write("live again");
    expect(messages(await client.settled())).toEqual(["live again"]);
  });

  it("encode a message once for everybody", async () => {
    const others = [client, await world.open(), await world.open()];
    for (const other of others) await other.ask({ do: "subscribe", channel: "bare/1" });
    await write(1);
    const sent = others.map(({ link }) => link.sent.at(-1));
    expect(sent[0]).toBeDefined();
    expect(new Set(sent).size).toBe(1);
  });

  it("end with a push when their log cannot be read", async () => {
    const [written] = await write(1);
    const { read } = world.store;
    world.store.read = () => Promise.reject(new Error("bad disk"));
    const position = { ...Object(Object(written?.["ok"])["position"]), offset: 0 };
    const pushes = await client.ask({ do: "subscribe", channel: "bare/1", from: position });
    expect(pushes).toMatchObject([
      { ok: {} },
      { push: "unsubscribed", channel: "bare/1", error: { code: "server/internal", retryable: true } },
    ]);
    expect(world.lines.at(-1)).toMatchObject({
      level: "error",
      event: "session/unsubscribed",
      fields: { principal: "ada", channel: "bare/1" },
    });
    world.store.read = read;
    expect(messages(await client.ask({ do: "subscribe", channel: "bare/1", from: position }))).toEqual([1]);
  });

  it("need a role for each channel", async () => {
    const reader = await world.open(principal("rob", "reader"));
    expect(await reader.ask({ do: "subscribe", channel: "bare/1" })).toEqual([error("policy/denied", 2)]);
  });

  it("are resumed together, each for itself, and their messages follow the one answer", async () => {
    const [first] = await write(1, 2);
    const position = Object(Object(first?.["ok"])["position"]);
    const cursors = [
      { channel: "bare/1", from: position },
      { channel: "secret" },
      { channel: "bare/1" },
      { channel: "bare/2", from: "start" },
      { channel: "bare/3" },
    ];
    expect(await client.ask({ do: "resume", cursors })).toMatchObject([
      {
        re: 2,
        ok: {
          cursors: [
            { position },
            { error: { code: "policy/denied" } },
            { error: { code: "subscription/exists" } },
            { position: { offset: 0 } },
            { error: { code: "subscription/too-many" } },
          ],
        },
      },
      { push: "message", channel: "bare/1", data: 2 },
    ]);
    await write(3);
    expect(messages(await client.settled())).toEqual([3]);
  });

  it("catch up no faster than the client reads", async () => {
    const reads = vi.spyOn(world.store, "read");
    const numbers = Array.from({ length: 600 }, (_, index) => index);
    for (const payload of numbers.map(String))
      await world.hub.publish("bare/1", { payload, from: "ada", at: 0, origin: undefined });
    const roomy = world.connect(principal("ada", "member"), {
      limits: { ...world.services.limits, outboxBytesMax: 1e6 },
    });
    await roomy.ask({ do: "hello" });
    roomy.link.isSlow = true;
    const seen = messages(await roomy.ask({ do: "subscribe", channel: "bare/1", from: "start" }));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThan(600);
    reads.mockClear();
    await roomy.settled();
    expect(reads).not.toHaveBeenCalled();
    for (let round = 0; seen.length < 600 && round < 100; round++) {
      roomy.drain();
      seen.push(...messages(await roomy.settled()));
    }
    expect(seen).toEqual(numbers);
  });

  it("are not resumed by a session that ended meanwhile", async () => {
    client.send({ do: "resume", cursors: [{ channel: "bare/1" }, { channel: "secret" }] });
    client.session.closed();
    expect(await client.settled()).toEqual([]);
    expect(world.hub.channelCount).toBe(0);
  });

  it("cut off a client that is too slow, where that is their policy", async () => {
    await client.ask({ do: "subscribe", channel: "bare/1", policy: { kind: "disconnect" } });
    client.link.isSlow = true;
    await write(...Array.from({ length: 50 }, (_, index) => index));
    expect(client.link.closedWith).toMatchObject({ code: 4502 });
    expect(world.hub.channelCount).toBe(0);
  });

  it("give a client that was slow the newest only, where that is their policy", async () => {
    await client.ask({ do: "subscribe", channel: "chat/a", policy: { kind: "latest" } });
    client.link.isSlow = true;
    for (let text = 0; text < 8; text++) writer.send({ do: "publish", channel: "chat/a", data: { text: `${text}` } });
    await writer.settled();
    await client.settled();
    client.drain();
    expect(messages(await client.settled())).toEqual([{ text: "7" }]);
  });

  it("end where a refresh takes the role away that they need, and say so", async () => {
    await client.ask({ do: "subscribe", channel: "chat/a" });
    await client.ask({ do: "subscribe", channel: "bare/1" });
    await refreshAs("reader");
    expect(await client.settled()).toMatchObject([
      { re: 4, ok: {} },
      { push: "unsubscribed", channel: "bare/1", error: { code: "policy/denied", retryable: false } },
    ]);
    await write(1);
    writer.send({ do: "publish", channel: "chat/a", data: { text: "still" } });
    await writer.settled();
    expect(messages(await client.settled())).toEqual([{ text: "still" }]);
  });
});
