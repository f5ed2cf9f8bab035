import { describe, expect, it } from "vitest";
import { collect, ground } from "../../test/client/ground.js";
import { deferred } from "../kernel/deferred.js";
import { wireError } from "../wire/errors.js";
import type { BusCore } from "./bus.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { Message, ReadFrom } from "./cursor.js";
import { Feed } from "./feed.js";
import type { Outcome } from "./request-table.js";

/** The data of what is read, "gap" before what something is missing before, and the end. */
function read(bus: BusCore, from: ReadFrom, options: { task?: () => Promise<void>; signal?: AbortSignal } = {}) {
  const messages = bus.channel("a").messages({ from, signal: options.signal });
  const seen = collect(messages, options.task);
  return (): unknown[] =>
    seen.flatMap((item) => (isMessage(item) ? [...(item.gap === undefined ? [] : ["gap"]), item.data] : [item]));
}

function isMessage(item: unknown): item is Message<unknown> {
  return typeof item === "object" && item !== null && "position" in item;
}

const commandsOf = (server: { commands: readonly { do: string }[] }): string[] =>
  server.commands.map((each) => each.do);

describe("reading", () => {
  it.each([
    ["now", ["d"]],
    ["start", ["a", "b", "c", "d"]],
    ["last 2", ["b", "c", "d"]],
    [{ epoch: "e1", offset: 1 }, ["b", "c", "d"]],
  ] as const)("begins from %j", async (from, expected) => {
    const { clock, server, open } = ground();
    for (const data of ["a", "b", "c"]) server.publish("a", data);
    const seen = read(open(), from);
    await clock.pass(1);
    server.publish("a", "d");
    await clock.pass(1);
    expect(seen()).toEqual(expected);
  });

  it("goes on behind the last message after a cut, with nothing missing and nothing twice", async () => {
    const { clock, network, server, open } = ground();
    const seen = read(open(), "now");
    await clock.pass(1);
    server.publish("a", 1);
    await clock.pass(1);
    network.cut();
    server.publish("a", 2);
    server.publish("a", 3);
    await clock.pass(501);
    server.publish("a", 4);
    await clock.pass(1);
    expect(seen()).toEqual([1, 2, 3, 4]);
  });

  it("tells what is lost when the log was cut off meanwhile", async () => {
    const { clock, network, server, open } = ground();
    server.keepMax = 2;
    const items = collect(open().channel("a").messages());
    await clock.pass(1);
    server.publish("a", 1);
    await clock.pass(1);
    network.cut();
    for (const data of [2, 3, 4, 5]) server.publish("a", data);
    await clock.pass(501);
    expect(items.slice(1)).toMatchObject([
      { data: 4, gap: { lost: { from: 2, to: 3 }, position: { epoch: "e1", offset: 3 } } },
      { data: 5, gap: undefined },
    ]);
  });

  it("tells a gap when the server has forgotten everything", async () => {
    const { clock, network, server, open } = ground();
    const seen = read(open(), "now");
    await clock.pass(1);
    server.publish("a", 1);
    await clock.pass(1);
    network.cut();
    server.forget();
    await clock.pass(501);
    server.publish("a", "new");
    await clock.pass(1);
    expect(seen()).toEqual([1, "gap", "new"]);
  });

  it("leaves the messages in the log while the reader is slow, and catches up from there", async () => {
    const { clock, server, open } = ground();
    const gate = deferred<void>();
    const seen = read(open({ messagesWaitingMax: 3 }), "now", { task: () => gate.promise });
    await clock.pass(1);
    for (let data = 1; data <= 50; data++) {
      server.publish("a", data);
      await clock.pass(1);
    }
    expect(commandsOf(server)).toEqual(["hello", "resume", "unsubscribe"]);
    gate.resolve();
    for (let batch = 0; batch < 20; batch++) await clock.pass(1);
    expect(seen()).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it("ends its subscription when the loop is left, and can begin again", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    for (const data of [1, 2]) server.publish("a", data);
    const stop = new AbortController();
    const seen = read(bus, "start", { signal: stop.signal });
    await clock.pass(1);
    stop.abort();
    await clock.pass(1);
    expect(seen()).toEqual([1, 2, "end"]);
    const again = read(bus, "last 1");
    await clock.pass(1);
    expect(again()).toEqual([2]);
    expect(commandsOf(server)).toEqual(["hello", "resume", "unsubscribe", "subscribe"]);
  });

  it("can begin again at once, while the end of the first reading is under way", async () => {
    const { clock, server, open } = ground(1, { latencyMsMax: 50 });
    const bus = open();
    server.publish("a", 1);
    const stop = new AbortController();
    const first = read(bus, "start", { signal: stop.signal });
    await clock.pass(500);
    stop.abort();
    const second = read(bus, "start");
    await clock.pass(500);
    expect([first(), second()]).toEqual([[1, "end"], [1]]);
  });

  it("has one reader for a channel", async () => {
    const { open } = ground();
    const bus = open();
    read(bus, "now");
    expect(() => bus.channel("a").messages()).toThrow(expect.objectContaining({ code: "subscription/in-use" }));
  });

  it("throws what the server refuses it for, and a new attempt is possible", async () => {
    const { clock, server, open } = ground();
    const bus = open();
    const refusal = wireError("policy/denied", "not for you");
    server.refuse = ({ do: name }) => (name === "subscribe" ? refusal : undefined);
    const seen = read(bus, "now");
    await clock.pass(1);
    expect(seen()).toMatchObject([{ code: "policy/denied", message: "not for you" }]);
    server.refuse = () => undefined;
    const again = read(bus, "now");
    await clock.pass(1);
    server.publish("a", 1);
    await clock.pass(1);
    expect(again()).toEqual([1]);
  });

  it("waits out a refusal that passes", async () => {
    const { clock, server, open } = ground();
    server.publish("a", 1);
    server.refuse = ({ do: name }) =>
      name === "subscribe" ? wireError("limit/rate", "slow down", { retryAfterMs: 400 }) : undefined;
    const seen = read(open(), "start");
    await clock.pass(399);
    server.refuse = () => undefined;
    expect(seen()).toEqual([]);
    await clock.pass(2);
    expect(seen()).toEqual([1]);
  });

  it("goes on when the server ended the subscription for a while, and throws when for good", async () => {
    const { clock, server, open } = ground();
    const seen = read(open(), "now");
    await clock.pass(1);
    server.unsubscribe("a", wireError("server/busy", "later"));
    await clock.pass(1);
    server.publish("a", 1);
    await clock.pass(1_000);
    expect(seen()).toEqual([1]);
    server.unsubscribe("a", wireError("policy/denied", "your role is gone"));
    await clock.pass(1);
    expect(seen()).toMatchObject([1, { code: "policy/denied" }]);
  });

  it("of a slow handler holds up its own channel only", async () => {
    const { clock, server, open } = ground();
    const bus = open({ messagesWaitingMax: 3 });
    const gate = deferred<void>();
    const slow = collect(bus.channel("a").messages(), () => gate.promise);
    const quick = collect(bus.channel("b").messages());
    await clock.pass(1);
    for (let data = 1; data <= 20; data++) {
      server.publish("a", data);
      server.publish("b", data);
      await clock.pass(1);
    }
    expect([slow.length, quick.length]).toEqual([1, 20]);
    gate.resolve();
    for (let batch = 0; batch < 20; batch++) await clock.pass(1);
    expect(slow).toHaveLength(20);
  });

  it("tells a gap that was found while the reader was slow with the message behind it", async () => {
    const { clock, network, server, open } = ground();
    server.keepMax = 1;
    const gate = deferred<void>();
    const bus = open({ messagesWaitingMax: 1 });
    const gaps: unknown[] = [];
    bus.on("gap", ({ lost }) => gaps.push(lost));
    const seen = collect(bus.channel("a").messages(), () => gate.promise);
    await clock.pass(1);
    for (let data = 1; data <= 2; data++) server.publish("a", data);
    await clock.pass(1);
    network.cut();
    for (let data = 3; data <= 5; data++) server.publish("a", data);
    await clock.pass(501);
    expect(gaps).toEqual([{ from: 3, to: 4 }]);
    network.cut();
    for (let data = 6; data <= 8; data++) server.publish("a", data);
    gate.resolve();
    await clock.pass(1_001);
    expect(seen).toMatchObject([
      { data: 1, gap: undefined },
      { data: 2, gap: undefined },
      { data: 8, gap: { lost: { from: 3, to: 7 } } },
    ]);
  });

  it("ends when the bus is closed and throws when the server ended it", async () => {
    const { clock, server, open } = ground();
    const [one, other] = [open(), open()];
    const closed = read(one, "now");
    const ended = read(other, "now");
    await clock.pass(1);
    one.close();
    server.closeAll(4003);
    await clock.pass(1);
    expect([closed(), ended()]).toMatchObject([["end"], [{ code: "connection/ended" }]]);
    expect([read(one, "now")(), read(other, "now")()]).toEqual([[], []]);
    const [late, refused] = [read(one, "now"), read(other, "now")];
    await clock.settle();
    expect([late(), refused()]).toMatchObject([["end"], [{ code: "connection/ended" }]]);
  });
});

describe("watching who is there", () => {
  /** The ids of who was there, at each change. */
  function watch(bus: BusCore, options?: { state?: unknown; signal?: AbortSignal }) {
    const seen = collect(bus.channel("a").presence(options));
    return (): unknown[] =>
      seen.map((item) => (Array.isArray(item) ? item.map((member: { id: string }) => member.id).join(" ") : item));
  }
  const as = (username: string) => ({ auth: () => ({ scheme: "basic", username, password: "" }) as const });

  it("tells everybody, then each change", async () => {
    const { clock, open } = ground();
    const seen = watch(open(as("ada")), { state: {} });
    await clock.pass(1);
    const grace = open(as("grace"));
    watch(grace, { state: {} });
    await clock.pass(1);
    grace.close();
    await clock.pass(1);
    expect(seen()).toEqual(["ada", "ada grace", "ada"]);
  });

  it("does not disturb who reads, whichever begins first", async () => {
    const { clock, server, open } = ground();
    for (const data of [1, 2]) server.publish("a", data);
    const [watching, reading] = [open(as("ada")), open(as("grace"))];
    const members = watch(watching);
    const messages = read(reading, "start");
    await clock.pass(1);
    const messagesToo = read(watching, "start");
    const membersToo = watch(reading, { state: {} });
    await clock.pass(1);
    server.publish("a", 3);
    await clock.pass(1);
    expect([messages(), messagesToo()]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect([members().at(-1), membersToo().at(-1)]).toEqual(["grace", "grace"]);
  });

  it("goes on when the reader leaves, and the other way round", async () => {
    const { clock, server, open } = ground();
    const bus = open(as("ada"));
    const [stopReading, stopWatching] = [new AbortController(), new AbortController()];
    read(bus, "now", { signal: stopReading.signal });
    const members = watch(bus, { signal: stopWatching.signal });
    await clock.pass(1);
    stopReading.abort();
    watch(open(as("grace")), { state: {} });
    await clock.pass(1);
    expect(members().at(-1)).toBe("grace");
    stopWatching.abort();
    await clock.pass(1);
    expect(members().at(-1)).toBe("end");
    expect(commandsOf(server).filter((name) => name === "unsubscribe")).toHaveLength(1);
  });

  it("knows at once when another one begins to watch", async () => {
    const { clock, open } = ground();
    const bus = open(as("ada"));
    watch(bus, { state: {} });
    await clock.pass(1);
    const late = watch(bus);
    await clock.settle();
    expect(late()).toEqual(["ada"]);
  });

  it("is told anew after a cut", async () => {
    const { clock, network, open } = ground();
    const members = watch(open(as("ada")), { state: {} });
    await clock.pass(1);
    network.cut();
    await clock.pass(501);
    expect(members().at(-1)).toBe("ada");
    expect(members().length).toBeGreaterThan(1);
  });
});

it("nothing is kept of a channel whose subscription was ending when the connection was cut", async () => {
  let isReady = true;
  const commands: string[] = [];
  let idleCount = 0;
  const feed = new Feed({
    channel: "a",
    connection: {
      get isReady() {
        return isReady;
      },
      request(question, onOutcome: (outcome: Outcome<never>) => void) {
        commands.push(question.do);
        const position = { epoch: "e", offset: 0 };
        if (question.do === "subscribe") onOutcome({ kind: "ok", ok: { position } as never });
      },
    },
    clock: new VirtualClock(),
    messagesWaitingMax: 1,
    onMessage: () => {},
    onGap: () => {},
    onIdle: () => idleCount++,
  });
  feed.read("now", { kind: "all" }).stop();
  expect([commands, idleCount]).toEqual([["subscribe", "unsubscribe"], 0]);
  isReady = false;
  feed.connectionLost();
  expect(idleCount).toBe(1);
});
