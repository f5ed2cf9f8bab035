import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { principal, SessionWorld, type Client } from "../../test/support/session-world.js";
import { wireError } from "../wire/errors.js";
import { refusalOf } from "./publishes.js";

const error = (code: string, re: number) => expect.objectContaining({ re, error: expect.objectContaining({ code }) });
const publish = (seq: number, more: object = {}) => ({ do: "publish", channel: "bare/1", data: seq, seq, ...more });
const name = "0123456789abcdef";

describe("what a session publishes", () => {
  let world: SessionWorld;
  let client: Client;
  const open = async (limits = {}): Promise<void> => {
    world = new SessionWorld(limits);
    client = world.connect(principal("ada", "member"));
    await client.ask({ do: "hello", client: name });
  };
  const logged = async (): Promise<number[]> => {
    const reader = await world.open();
    const pushes = await reader.ask({ do: "subscribe", channel: "bare/1", from: "start" });
    return pushes.flatMap(({ data }) => (typeof data === "number" ? [data] : []));
  };
  beforeEach(() => open());

  it("is in the log once, however often it comes, also from the client's next connection", async () => {
    const [first] = await client.ask(publish(1));
    expect(await client.ask(publish(1, { ageMs: 5 }))).toMatchObject([{ ok: first?.["ok"] }]);
    const again = world.connect(principal("ada", "member"));
    await again.ask({ do: "hello", client: name });
    expect(client.link.closedWith).toMatchObject({ code: 4005 });
    expect(await again.ask(publish(1, { ageMs: 900 }))).toMatchObject([{ ok: first?.["ok"] }]);
    expect(await logged()).toEqual([1]);
  });

  it("needs a client's name to be numbered", async () => {
    const nameless = await world.open();
    expect(await nameless.ask(publish(1))).toEqual([error("wire/malformed", 2)]);
  });

  it("is refused for good as a repeat from before what is remembered", async () => {
    world.store.append = async () => [{ kind: "unknown" }];
    expect(await client.ask(publish(1, { ageMs: 5 }))).toEqual([error("publish/unknown-repeat", 2)]);
  });

  it("can be several messages at once, each with its own answer", async () => {
    const all = { do: "publishAll", channel: "chat/a", messages: [{ text: "1" }, { text: "" }, { text: "2" }] };
    expect(await client.ask({ ...all, seq: 4 })).toMatchObject([
      {
        ok: {
          receipts: [
            { stage: "delivered", position: { offset: 1 } },
            { error: { code: "message/invalid" } },
            { stage: "delivered", position: { offset: 2 } },
          ],
        },
      },
    ]);
    expect(await client.ask({ ...all, seq: 6, ageMs: 1 })).toMatchObject([
      { ok: { receipts: [{ position: { offset: 2 } }, {}, {}] } },
    ]);
    expect(await client.ask({ ...all, channel: "secret" })).toEqual([error("policy/denied", 4)]);
    expect(await client.ask({ ...all })).toMatchObject([{ ok: { receipts: [{}, {}, {}] } }]);
  });

  it("waits behind a message that was refused for now, until that comes again", async () => {
    await open({ commandsPerSecond: 1, commandsBurstMax: 2 });
    client.send(publish(1));
    client.send(publish(2));
    client.send(publish(3));
    const refused = await client.settled();
    expect(refused).toContainEqual(error("limit/rate", 3));
    expect(refused).toContainEqual(error("limit/rate", 4));
    await world.clock.pass(1000);
    expect(await client.ask(publish(3, { ageMs: 1000 }))).toEqual([error("publish/out-of-turn", 5)]);
    await world.clock.pass(1000);
    expect(await client.ask(publish(2, { ageMs: 2000 }))).toMatchObject([{ ok: {} }]);
    await world.clock.pass(1000);
    expect(await client.ask(publish(3, { ageMs: 2000 }))).toMatchObject([{ ok: {} }]);
    expect(await logged()).toEqual([1, 2, 3]);
  });

  it("waits behind a refused message also when those before that one are handed on only now", async () => {
    await open({ commandsWaitingMax: 2 });
    client.send({ do: "subscribe", channel: "bare/2" });
    for (const seq of [1, 2, 3]) client.send(publish(seq));
    const replies = await client.settled();
    expect(replies[0]).toEqual(error("limit/rate", 5));
    expect(replies).toHaveLength(4);
    expect(await client.ask(publish(4))).toEqual([error("publish/out-of-turn", 6)]);
    expect(await client.ask(publish(3, { ageMs: 1 }))).toMatchObject([{ ok: {} }]);
    expect(await client.ask(publish(4, { ageMs: 1 }))).toMatchObject([{ ok: {} }]);
    expect(await logged()).toEqual([1, 2, 3, 4]);
  });

  it("waits behind a message that was refused again while those before it waited", async () => {
    await open({ commandsPerSecond: 10, commandsBurstMax: 3 });
    for (const seq of [1, 2, 3]) client.send(publish(seq));
    await client.settled();
    await world.clock.pass(200);
    client.send({ do: "subscribe", channel: "bare/2" });
    client.send(publish(3, { ageMs: 1 }));
    client.send(publish(4));
    world.clock.advance(100);
    client.send(publish(5));
    const replies = await client.settled();
    expect(replies).toContainEqual(error("limit/rate", 7));
    expect(replies).toContainEqual(error("publish/out-of-turn", 8));
    expect(await logged()).toEqual([1, 2, 3]);
  });

  it("waits behind a message that was refused before it was known who published it", async () => {
    await open({ commandsWaitingMax: 1 });
    client = world.connect(undefined);
    const auth = { scheme: "basic", username: "ada", password: "lovelace" };
    client.send({ do: "hello", client: name, auth });
    client.send({ do: "ping" });
    client.send(publish(1));
    expect(await client.settled()).toContainEqual(error("limit/rate", 3));
    expect(await client.ask(publish(2))).toEqual([error("publish/out-of-turn", 4)]);
    expect(await client.ask(publish(1, { ageMs: 1 }))).toMatchObject([{ ok: {} }]);
  });

  it("is never overtaken by what came later, whatever is refused on the way", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 12 }),
        fc.integer({ min: 1, max: 8 }),
        async (failures, count) => {
          await open({ commandsPerSecond: 1e6, commandsBurstMax: 1e6, refusalsBurstMax: 1e6 });
          const { append } = world.store;
          world.store.append = (channel, drafts) =>
            failures.shift() === true
              ? Promise.reject(new Error("bad disk"))
              : append.call(world.store, channel, drafts);
          let waiting = Array.from({ length: count }, (_, index) => index + 1);
          for (let round = 0; waiting.length > 0; round++) {
            if (round > 40) throw new Error("it never ends");
            const ids = new Map<unknown, number>();
            for (const seq of waiting) ids.set(client.send(publish(seq, round === 0 ? {} : { ageMs: round })), seq);
            const done = new Set(
              (await client.settled()).flatMap(({ ok, re }) => (ok === undefined ? [] : [ids.get(re)])),
            );
            waiting = waiting.filter((seq) => !done.has(seq));
            await world.clock.pass(10);
          }
          expect(await logged()).toEqual(Array.from({ length: count }, (_, index) => index + 1).slice(-1000));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("holds up so many channels, and no more are remembered", async () => {
    await open({ commandsPerSecond: 1, commandsBurstMax: 1, refusalsBurstMax: 1e6, refusalsPerSecond: 1e6 });
    for (let index = 0; index < 1100; index++) client.send({ ...publish(1), channel: `bare/${index}` });
    await client.settled();
    await world.clock.pass(1000);
    expect(await client.ask({ ...publish(2), channel: "bare/1" })).toMatchObject([{ ok: {} }]);
    await world.clock.pass(1000);
    expect(await client.ask({ ...publish(2), channel: "bare/1099" })).toMatchObject([
      { error: { code: "publish/out-of-turn" } },
    ]);
  });
});

describe("what a session publishes for later", () => {
  /** After how many milliseconds what the commands publish is due. */
  const dueTimes = async (...commands: Record<string, unknown>[]): Promise<(number | undefined)[]> => {
    const world = new SessionWorld();
    const publish = vi
      .spyOn(world.services.pipeline, "publish")
      .mockResolvedValue({ stage: "accepted", message: "m1" });
    const client = world.connect(principal("ada", "member"));
    await client.ask({ do: "hello", client: name });
    await world.clock.pass(1_000);
    for (const command of commands) await client.ask(command);
    const nowMs = world.clock.wallTimeMs();
    return publish.mock.calls.map(([{ dueAt }]) => (dueAt === undefined ? undefined : dueAt - nowMs));
  };

  it("is due at a time, or so long after it was first sent, and at once where nothing is said", async () => {
    const at = new SessionWorld().clock.wallTimeMs() + 1_000;
    expect(
      await dueTimes(
        publish(1),
        publish(2, { after: 5_000 }),
        publish(3, { after: 5_000, ageMs: 700 }),
        publish(4, { deliverAt: at + 9_000 }),
        publish(5, { deliverAt: at + 9_000, ageMs: 700 }),
        publish(6, { after: 0 }),
      ),
    ).toEqual([undefined, 5_000, 4_300, 9_000, 9_000, 0]);
  });

  it("is answered with the message's id", async () => {
    const world = new SessionWorld();
    vi.spyOn(world.services.pipeline, "publish").mockResolvedValue({ stage: "accepted", message: "m1" });
    const client = await world.open();
    const accepted = { stage: "accepted", message: "m1" };
    const one = { do: "publish", channel: "bare/1", data: 1, after: 1 };
    expect(await client.ask(one)).toEqual([{ re: 2, ok: accepted }]);
    const two = { do: "publishAll", channel: "bare/1", messages: [1, 2], after: 1 };
    expect(await client.ask(two)).toEqual([{ re: 3, ok: { receipts: [accepted, accepted] } }]);
  });

  it("is due at the same time where several come at once", async () => {
    const all = { do: "publishAll", channel: "bare/1", messages: [1, 2], seq: 1, after: 5_000, ageMs: 100 };
    expect(await dueTimes(all)).toEqual([4_900, 4_900]);
  });
});

it("a refusal is told as it is, and a defect without its details", () => {
  const refusal = wireError("limit/rate", "slow down");
  expect(refusalOf(refusal)).toBe(refusal);
  expect(refusalOf(new TypeError("a bug"))).toMatchObject({
    code: "server/internal",
    message: expect.not.stringContaining("bug"),
  });
});
