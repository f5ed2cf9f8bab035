import { beforeEach, describe, expect, it } from "vitest";
import type { Principal } from "../../src/auth/principal.js";
import { principal, SessionWorld, type Client } from "../support/session-world.js";

const hour = 3_600_000;
const name = "0123456789abcdef";
const refresh = { do: "refresh", auth: { scheme: "bearer", token: "new" } };

describe("a session, by who its client is,", () => {
  let world: SessionWorld;
  const until = (ms: number): Principal => ({
    ...principal("ada", "member"),
    expiresAtMs: world.clock.wallTimeMs() + ms,
  });
  beforeEach(() => {
    world = new SessionWorld();
  });

  it.each([
    ["revoked", 4006],
    ["logged-out", 4007],
  ] as const)("that is dismissed as %s ends at once and for good, and is audited", async (why, code) => {
    const client = await world.open();
    await client.ask({ do: "join", channel: "chat/a", state: { name: "Ada" } });
    client.session.dismissed(why);
    client.session.dismissed(why);
    expect(client.link.closedWith).toMatchObject({ code });
    await world.clock.pass(50);
    expect(world.hub.channelCount).toBe(0);
    const { id } = client.session;
    expect(world.audited).toEqual([
      { kind: "admitted", principal: "ada", session: id, address: "192.0.2.1" },
      { kind: "ended", why, principal: "ada", session: id, address: "192.0.2.1" },
    ]);
  });

  it("that is dismissed before it is known who the client is ends, and there is nobody to audit", () => {
    const client = world.connect();
    client.session.dismissed("revoked");
    expect(client.link.closedWith).toMatchObject({ code: 4006 });
    expect(world.audited).toEqual([]);
  });

  it("is audited when it is refreshed and when it expires", async () => {
    await world.open(until(1_000));
    const client = await world.open(until(1_000));
    world.authenticateAs(until(5_000));
    await client.ask(refresh);
    await world.clock.pass(5_000);
    expect(world.audited.map((entry) => ("why" in entry ? [entry.kind, entry.why] : [entry.kind]))).toEqual([
      ["admitted"],
      ["admitted"],
      ["refreshed"],
      ["ended", "expired"],
      ["ended", "expired"],
    ]);
  });

  it.each([
    ["forwards", hour, 0],
    ["backwards", -hour, 4.5 * hour],
  ])("is closed at most a second after its credentials expire, though the clock is set %s", async (_how, byMs, at) => {
    const client = await world.open(until(3.5 * hour));
    await client.ask({ do: "subscribe", channel: "chat/a" });
    await world.clock.pass(3 * hour);
    world.clock.jumpWallTime(byMs);
    const leftMs = Math.max(0, at - 3 * hour);
    await world.clock.pass(Math.max(0, leftMs - 1));
    expect(client.link.closedWith).toBeUndefined();
    await world.clock.pass(1_000);
    expect(client.link.closedWith).toMatchObject({ code: 4501 });
    expect(world.clock.timerCount).toBe(0);
  });

  it("is closed never before and at most a second after its time, whenever the clock is set by an hour", async () => {
    for (let round = 0; round < 200; round++) {
      const byMs = round % 2 === 0 ? hour : -hour;
      // So that it ends in the seconds around the jump, or an hour after it was to end.
      const livesMs = (byMs > 0 ? hour : 0) + 1 + ((round * 791) % 8_000);
      const client = await world.open(until(livesMs));
      const expiresAtMs = world.clock.wallTimeMs() + livesMs;
      world.clock.advance(Math.min((round * 523) % 4_000, livesMs - 1));
      world.clock.jumpWallTime(byMs);
      world.clock.advance(Math.max(0, expiresAtMs - world.clock.wallTimeMs() - 1));
      expect(client.link.closedWith).toBeUndefined();
      world.clock.advance(1_000);
      expect(client.link.closedWith).toMatchObject({ code: 4501 });
    }
  });

  it("goes on after a jump back while it is refreshed in place", async () => {
    const client = await world.open(until(1_000));
    await client.ask({ do: "subscribe", channel: "chat/a" });
    for (let round = 0; round < 5; round++) {
      world.authenticateAs(until(2_000));
      expect(await client.ask(refresh)).toMatchObject([{ ok: { expiresInMs: 2_000 } }]);
      await world.clock.pass(1_900);
      world.clock.jumpWallTime(-hour);
    }
    expect(client.link.closedWith).toBeUndefined();
  });
});

describe("a client that comes back", () => {
  let world: SessionWorld;
  const channel = "chat/a";
  const hello = { do: "hello", client: name };
  const denied = { error: { code: "policy/denied" } };
  /** Connect under the same name as before, as who is given. */
  const comeBack = (known: Principal | undefined): Client => world.connect(known);
  /** A member who was subscribed, present and had published, and was cut. */
  const cut = async (): Promise<string> => {
    const client = world.connect(principal("ada", "member"));
    await client.ask(hello);
    const replies = await client.ask({ do: "subscribe", channel });
    await client.ask({ do: "join", channel, state: { name: "Ada" } });
    await client.ask({ do: "publish", channel, data: { text: "before" }, seq: 1 });
    client.session.closed();
    const [{ ok }] = replies as [{ ok: { position: { epoch: string } } }];
    return ok.position.epoch;
  };
  beforeEach(() => {
    world = new SessionWorld();
  });

  it("goes on where it was, with the same roles", async () => {
    const epoch = await cut();
    const client = comeBack(principal("ada", "member"));
    await client.ask(hello);
    const [reply, , message] = await client.ask({ do: "resume", cursors: [{ channel, from: { epoch, offset: 0 } }] });
    expect(reply).toMatchObject({ ok: { cursors: [{ position: { epoch } }] } });
    expect(message).toMatchObject({ data: { text: "before" } });
  });

  it("is not let in without credentials, with expired or with revoked ones", async () => {
    await cut();
    const expired = { ...principal("ada", "member"), expiresAtMs: world.clock.wallTimeMs() };
    const revoked = { ...principal("ada", "member"), claims: { jti: "t1" } };
    world.revocations.add({ token: "t1" });
    for (const known of [undefined, expired, revoked]) {
      const client = comeBack(known);
      expect(await client.ask(hello)).toMatchObject([{ error: { code: "auth/refused" } }]);
      expect(client.link.closedWith).toMatchObject({ code: 4002 });
      expect(await client.ask({ do: "resume", cursors: [{ channel }] })).toEqual([]);
    }
  });

  it("may not do anything that the roles which it lost between allowed: read on, history, publish, be present", async () => {
    const epoch = await cut();
    const client = comeBack(principal("ada"));
    expect(await client.ask(hello)).toMatchObject([{ ok: { principal: { roles: [] } } }]);
    const cursors = [
      { channel, from: { epoch, offset: 0 } },
      { channel, from: "start" },
      { channel, from: { last: 1 } },
    ];
    expect(await client.ask({ do: "resume", cursors })).toMatchObject([{ ok: { cursors: [denied, denied, denied] } }]);
    expect(await client.ask({ do: "subscribe", channel, from: "start" })).toMatchObject([denied]);
    // A repeat of what it published before, too: its position is no business of its any more.
    expect(await client.ask({ do: "publish", channel, data: { text: "before" }, seq: 1, ageMs: 1 })).toMatchObject([
      denied,
    ]);
    expect(await client.ask({ do: "publishAll", channel, messages: [{ text: "x" }], seq: 2 })).toMatchObject([denied]);
    expect(await client.ask({ do: "join", channel, state: { name: "Ada" } })).toMatchObject([denied]);
    const other = await world.open();
    await other.ask({ do: "publish", channel, data: { text: "not for ada" } });
    expect(await client.settled()).toEqual([]);
    expect(world.audited.filter(({ kind }) => kind === "denied")).toHaveLength(7);
    await world.clock.pass(30_000);
    const [, presence] = await other.ask({ do: "subscribe", channel });
    expect(presence).toMatchObject({ push: "presence", members: [] });
  });

  it("keeps what its new roles allow, and no more", async () => {
    const epoch = await cut();
    const client = comeBack(principal("ada", "reader"));
    await client.ask(hello);
    const replies = await client.ask({ do: "resume", cursors: [{ channel, from: { epoch, offset: 0 } }] });
    expect(replies).toMatchObject([{ ok: { cursors: [{ position: { epoch } }] } }, {}, { data: { text: "before" } }]);
    expect(await client.ask({ do: "publish", channel, data: { text: "x" }, seq: 2 })).toMatchObject([denied]);
  });

  it("takes over nothing of somebody else whose name it uses: no connection, no presence, no numbers", async () => {
    const [ada, rob] = ["ada", "rob"].map((id) => comeBack(principal(id, "member")));
    const members: unknown[] = [];
    const offsets: unknown[] = [];
    for (const client of [ada, rob]) {
      await client?.ask(hello);
      const joined = await client?.ask({ do: "join", channel, state: { name: "me" } });
      const published = await client?.ask({ do: "publish", channel, data: { text: "mine" }, seq: 1 });
      members.push(Object(joined?.[0]?.["ok"]).member);
      offsets.push(Object(published?.[0]?.["ok"]).position.offset);
    }
    expect(ada?.link.closedWith).toBeUndefined();
    expect(new Set(members).size).toBe(2);
    expect(offsets).toEqual([1, 2]);
  });
});
