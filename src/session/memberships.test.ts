import { beforeEach, describe, expect, it, vi } from "vitest";
import { deferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { principal, SessionWorld, type Client } from "../../test/support/session-world.js";

const error = (code: string, re: number) => expect.objectContaining({ re, error: expect.objectContaining({ code }) });
const join = (room: string, state: unknown = { name: "Ada" }) => ({ do: "join", channel: `chat/${room}`, state });

describe("a session's memberships", () => {
  let world: SessionWorld;
  let client: Client;
  let watcher: Client;
  beforeEach(async () => {
    world = new SessionWorld({ membershipsMax: 2, presenceStateMax: 100 });
    client = await world.open();
    watcher = await world.open();
    await watcher.ask({ do: "subscribe", channel: "chat/a" });
  });

  /** What the watcher is told, a moment later. */
  const told = async (): Promise<object[]> => {
    await world.clock.pass(50);
    return watcher.settled();
  };

  it("are seen by who is subscribed, from the join to the leave", async () => {
    const [reply] = await client.ask(join("a"));
    const { member } = Object(reply?.["ok"]);
    expect(await told()).toEqual([
      { push: "presence", channel: "chat/a", joined: [{ member, id: "ada", state: { name: "Ada" } }], left: [] },
    ]);
    expect(await client.ask({ do: "leave", channel: "chat/a" })).toEqual([{ re: 3, ok: {} }]);
    expect(await told()).toEqual([{ push: "presence", channel: "chat/a", joined: [], left: [member] }]);
  });

  it("are seen by who comes later", async () => {
    await client.ask(join("a"));
    const late = await world.open();
    expect(await late.ask({ do: "subscribe", channel: "chat/a" })).toMatchObject([
      { ok: {} },
      { push: "presence", members: [{ id: "ada" }] },
    ]);
  });

  it.each([1000, 1001])("end at once with a session that its client ended with %i", async (code) => {
    await client.ask(join("a"));
    await told();
    client.session.closed(code);
    expect(await told()).toMatchObject([{ push: "presence", joined: [], left: [expect.any(String)] }]);
  });

  it("outlive a cut by a lease, and end then once", async () => {
    await client.ask(join("a"));
    await told();
    client.session.closed(1006);
    await world.clock.pass(29_000);
    expect(await told()).toEqual([]);
    await world.clock.pass(2_000);
    expect(await told()).toMatchObject([{ push: "presence", joined: [], left: [expect.any(String)] }]);
  });

  it("are taken back by a client that returns in time, and nobody is told anything", async () => {
    const name = "0123456789abcdef";
    const first = world.connect(principal("ada", "member"));
    await first.ask({ do: "hello", client: name });
    const [before] = await first.ask(join("a"));
    await told();
    first.session.closed(1006);
    const second = world.connect(principal("ada", "member"));
    await second.ask({ do: "hello", client: name });
    const [after] = await second.ask(join("a"));
    expect(Object(after?.["ok"])).toEqual(Object(before?.["ok"]));
    await world.clock.pass(60_000);
    expect(await told()).toEqual([]);
  });

  it("of somebody else cannot be taken over", async () => {
    const name = "0123456789abcdef";
    const ada = world.connect(principal("ada", "member"));
    await ada.ask({ do: "hello", client: name });
    await ada.ask(join("a"));
    ada.session.closed(1006);
    const bob = world.connect(principal("bob", "member"));
    await bob.ask({ do: "hello", client: name });
    await told();
    await bob.ask(join("a"));
    // Who knows another's name is somebody else for all that.
    expect(await told()).toMatchObject([{ joined: [{ id: "bob" }], left: [] }]);
  });

  it("is refused where the hub has it for somebody else", async () => {
    const taken = new BusbarError("hub/not-your-member", "it is somebody else's");
    vi.spyOn(world.services.hub, "join").mockRejectedValue(taken);
    expect(await client.ask(join("a"))).toEqual([error("policy/denied", 2)]);
  });

  it("of two windows are two, under names that tell nothing about the sessions", async () => {
    const second = await world.open();
    const [[one], [two]] = [await client.ask(join("a")), await second.ask(join("a"))];
    const names = [one, two].map((reply) => Object(reply?.["ok"])["member"]);
    expect(names[0]).not.toBe(names[1]);
    expect(names).not.toContain(client.session.id);
  });

  it("can have a new state", async () => {
    await client.ask(join("a"));
    await told();
    await client.ask(join("a", { name: "Countess" }));
    expect(await told()).toMatchObject([{ joined: [{ state: { name: "Countess" } }], left: [] }]);
  });

  it("hold what the schema makes of a state, and nothing else", async () => {
    await client.ask(join("a", { name: "Ada", secret: 1 }));
    expect(await told()).toMatchObject([{ joined: [{ state: { name: "Ada" } }] }]);
    expect(await client.ask(join("a", { name: 7 }))).toEqual([error("message/invalid", 3)]);
    expect(await client.ask({ do: "join", channel: "chat/a" })).toEqual([error("message/invalid", 4)]);
    expect(await client.ask(join("a", { name: "x".repeat(100) }))).toEqual([error("message/invalid", 5)]);
    expect(await told()).toEqual([]);
  });

  it("are bounded, but a new state is none more", async () => {
    await client.ask(join("a"));
    await client.ask(join("b"));
    expect(await client.ask(join("c"))).toEqual([error("subscription/too-many", 4)]);
    expect(await client.ask(join("b"))).toMatchObject([{ re: 5, ok: {} }]);
  });

  it("are refused where a channel has as many members as it may", async () => {
    for (let index = 0; index < 10_000; index++)
      await world.hub.join("chat/full", { member: `m${index}`, id: "ada", state: null });
    expect(await client.ask(join("full"))).toEqual([error("subscription/too-many", 2)]);
  });

  it.each([new TypeError("a defect"), new BusbarError("hub/odd", "another one")])(
    "answer %s as one",
    async (defect) => {
      world.hub.join = () => {
        throw defect;
      };
      expect(await client.ask(join("a"))).toEqual([error("server/internal", 2)]);
      expect(await client.ask({ do: "leave", channel: "chat/a" })).toEqual([error("subscription/none", 3)]);
    },
  );

  it("need presence in the contract", async () => {
    expect(await client.ask({ do: "join", channel: "bare/1" })).toEqual([error("channel/no-presence", 2)]);
  });

  it("end where a refresh takes the role away that they need", async () => {
    await client.ask(join("a"));
    await client.ask(join("b"));
    await told();
    world.authenticateAs(principal("ada", "reader"));
    await client.ask({ do: "refresh", auth: { scheme: "bearer", token: "new" } });
    expect(await told()).toEqual([]);
    world.authenticateAs(principal("ada"));
    await client.ask({ do: "refresh", auth: { scheme: "bearer", token: "new" } });
    expect(await told()).toMatchObject([{ push: "presence", joined: [], left: [expect.any(String)] }]);
    expect(await client.ask({ do: "leave", channel: "chat/b" })).toEqual([error("subscription/none", 6)]);
  });

  it("begin a lease where the session ended while they began", async () => {
    const { open } = world.store;
    const gate = deferred<void>();
    world.store.open = async (...args) => {
      await gate.promise;
      return open.apply(world.store, args);
    };
    client.send(join("c"));
    await client.settled();
    client.session.closed(1006);
    gate.resolve();
    expect(await client.settled()).toEqual([]);
    const late = await world.open();
    expect(await late.ask({ do: "subscribe", channel: "chat/c" })).toMatchObject([{}, { members: [{ id: "ada" }] }]);
    await world.clock.pass(29_900);
    await late.settled();
    await world.clock.pass(150);
    expect(await late.settled()).toMatchObject([{ push: "presence", joined: [], left: [expect.any(String)] }]);
  });

  it("do not begin where the session ended while the state was checked", async () => {
    client.send(join("a"));
    client.session.closed(1006);
    expect(await told()).toEqual([]);
  });
});
