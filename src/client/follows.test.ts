import { describe, expect, it } from "vitest";
import { ground, type Ground } from "../../test/client/ground.js";
import { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import type { Stage } from "../wire/messages.js";
import type { BusCore } from "./bus.js";
import { isRejection } from "./publisher.js";

/** What a promise came to, once it has: its value or its error. */
function outcomeOf(promise: Promise<unknown>): unknown[] {
  const outcome: unknown[] = [];
  promise.then(
    (value) => outcome.push(value),
    (error: unknown) => outcome.push(error),
  );
  return outcome;
}

/** A bus whose messages are accepted, with their data as their ids. */
async function accepting(seed = 1): Promise<Ground & { readonly bus: BusCore }> {
  const world = ground(seed, { latencyMsMax: 0 });
  world.server.accept = (_, data) => String(data);
  const bus = world.open();
  await world.clock.pass(1);
  return { ...world, bus };
}

/** Publish, and be told of every stage. */
async function followed(
  message: string,
): Promise<Ground & { readonly bus: BusCore; readonly stages: Stage[]; readonly outcome: unknown[] }> {
  const world = await accepting();
  outcomeOf(world.bus.channel("a").publish(message));
  await world.clock.pass(1);
  const stages: Stage[] = [];
  const outcome = outcomeOf(world.bus.follow(message, (stage) => void stages.push(stage)));
  await world.clock.pass(1);
  return { ...world, stages, outcome };
}

const followsOf = ({ server }: Ground): string[] =>
  server.commands.flatMap((command) => (command.do === "follow" ? [command.message] : []));

const position = { epoch: "e", offset: 1 };

describe("following an accepted message", () => {
  it("tells each stage as it comes, and resolves with the end", async () => {
    const { clock, server, stages, outcome } = await followed("m1");
    server.moveTo("m1", { stage: "processing", attempt: 1 });
    server.moveTo("m1", { stage: "retrying", attempt: 1, dueAt: 5 });
    await clock.pass(1);
    expect(outcome).toEqual([]);
    server.moveTo("m1", { stage: "delivered", position });
    await clock.pass(1);
    expect(outcome).toMatchObject([{ stage: "delivered", position }]);
    expect(stages).toMatchObject([
      { stage: "accepted" },
      { stage: "processing", attempt: 1 },
      { stage: "retrying", attempt: 1, dueAt: 5 },
      { stage: "delivered", position },
    ]);
  });

  it("hears nothing of other messages, nor of anything behind the end", async () => {
    const { clock, server, stages, outcome } = await followed("m1");
    server.say('{"push":"stage","message":"m2","stage":"dropped"}');
    server.moveTo("m1", { stage: "dropped" });
    server.moveTo("m1", { stage: "discarded" });
    await clock.pass(1);
    expect(outcome).toMatchObject([{ stage: "dropped" }]);
    expect(stages).toHaveLength(2);
  });

  it.each<[Stage, object]>([
    [
      { stage: "rejected", reason: "rude" },
      { code: "message/rejected", message: "rude", reason: "rude" },
    ],
    [
      { stage: "rejected", reason: { why: 1 } },
      { code: "message/rejected", message: "it failed", reason: { why: 1 } },
    ],
    [{ stage: "dead" }, { code: "message/dead", retryable: false }],
    [{ stage: "discarded" }, { code: "message/discarded", retryable: false }],
  ])("rejects where nothing came of the message: %j", async (stage, error) => {
    const { clock, server, outcome } = await followed("m1");
    server.moveTo("m1", stage);
    await clock.pass(1);
    expect(outcome).toEqual([expect.objectContaining(error)]);
    expect(isRejection(outcome[0])).toBe(stage.stage === "rejected");
  });

  it("tells a listener also what an operator makes of a dead letter", async () => {
    const { clock, server, stages, outcome } = await followed("m1");
    for (const stage of [{ stage: "dead" }, { stage: "processing", attempt: 1 }, { stage: "delivered" }] as const) {
      server.moveTo("m1", stage);
    }
    await clock.pass(1);
    expect(outcome).toMatchObject([{ code: "message/dead" }]);
    expect(stages.map(({ stage }) => stage)).toEqual(["accepted", "dead", "processing", "delivered"]);
  });

  it("asks no more for a dead letter that nobody listens to", async () => {
    const world = await accepting();
    const { bus, clock, network, server } = world;
    server.moveTo("m1", { stage: "dead" });
    const outcome = outcomeOf(bus.follow("m1"));
    await clock.pass(1);
    network.cut();
    await clock.pass(1_000);
    expect(outcome).toMatchObject([{ code: "message/dead" }]);
    expect(followsOf(world)).toHaveLength(1);
  });

  it("reports what a listener throws, and goes on", async () => {
    const { bus, clock, defects, server, outcome } = await followed("m1");
    const error = new Error("a defect of the application");
    const other = outcomeOf(
      bus.follow("m1", () => {
        throw error;
      }),
    );
    await clock.pass(1);
    server.moveTo("m1", { stage: "dropped" });
    await clock.pass(1);
    expect([outcome, other]).toMatchObject([[{ stage: "dropped" }], [{ stage: "dropped" }]]);
    expect(defects).toEqual([error, error]);
  });

  it("can be done twice for the same message, each with all that comes", async () => {
    const { bus, clock, server, stages, outcome } = await followed("m1");
    const others: Stage[] = [];
    const other = outcomeOf(bus.follow("m1", (stage) => void others.push(stage)));
    // Already over when the server answers the second one: its push comes first, and the answer says it once more.
    server.moveTo("m1", { stage: "dropped" });
    await clock.pass(1);
    expect([outcome, other]).toMatchObject([[{ stage: "dropped" }], [{ stage: "dropped" }]]);
    expect([stages, others]).toMatchObject([[{ stage: "accepted" }, { stage: "dropped" }], [{ stage: "dropped" }]]);
  });

  it("goes on behind a cut, from where the message is then", async () => {
    const world = await followed("m1");
    const { clock, network, server, stages, outcome } = world;
    network.cut();
    server.moveTo("m1", { stage: "processing", attempt: 2 });
    await clock.pass(1_000);
    server.moveTo("m1", { stage: "delivered" });
    await clock.pass(1);
    expect(stages.map(({ stage }) => stage)).toEqual(["accepted", "processing", "delivered"]);
    expect(outcome).toMatchObject([{ stage: "delivered" }]);
    expect(followsOf(world)).toEqual(["m1", "m1"]);
    network.cut();
    await clock.pass(1_000);
    expect(followsOf(world)).toHaveLength(2);
  });

  it("waits for a connection, and asks again what a cut left without an answer", async () => {
    const world = await accepting();
    const { bus, clock, network, server } = world;
    server.moveTo("m1", { stage: "dropped" });
    server.refuse = ({ do: name }) => (name === "follow" ? "silence" : undefined);
    const outcome = outcomeOf(bus.follow("m1"));
    await clock.pass(1);
    network.cut();
    const later = outcomeOf(bus.follow("m1"));
    server.refuse = () => undefined;
    await clock.pass(1_000);
    expect([outcome, later]).toMatchObject([[{ stage: "dropped" }], [{ stage: "dropped" }]]);
    expect(followsOf(world)).toEqual(["m1", "m1", "m1"]);
  });

  it("rejects for a message that the server does not know, and asks no more", async () => {
    const world = await accepting();
    const { bus, clock, network } = world;
    const outcome = outcomeOf(bus.follow("nobody's"));
    await clock.pass(1);
    network.cut();
    await clock.pass(1_000);
    expect(outcome).toMatchObject([{ code: "message/unknown" }]);
    expect(followsOf(world)).toHaveLength(1);
  });

  it("asks again after a refusal that passes, when the server says so", async () => {
    const world = await accepting();
    const { bus, clock, server } = world;
    server.moveTo("m1", { stage: "dropped" });
    server.refuse = ({ do: name }) =>
      name === "follow" ? wireError("limit/rate", "slow down", { retryAfterMs: 300 }) : undefined;
    const outcome = outcomeOf(bus.follow("m1"));
    await clock.pass(1);
    server.refuse = () => undefined;
    await clock.pass(298);
    expect(outcome).toEqual([]);
    await clock.pass(3);
    expect(outcome).toMatchObject([{ stage: "dropped" }]);
  });

  it("asks no faster than a server allows, publishes counted", async () => {
    const world = await accepting();
    const { bus, clock } = world;
    const messages = Array.from({ length: 500 }, (_, index) => `m${index}`);
    const receipts = outcomeOf(bus.channel("a").publishAll(messages));
    await clock.pass(1);
    expect(receipts).toHaveLength(1);
    for (const message of messages) outcomeOf(bus.follow(message));
    await clock.pass(1);
    // Two thirds of a second's 150 commands leave at once, less what the publishes took.
    expect(followsOf(world).length).toBeGreaterThan(50);
    expect(followsOf(world).length).toBeLessThan(100);
    await clock.pass(1_000);
    expect(followsOf(world).length).toBeGreaterThan(200);
    expect(followsOf(world).length).toBeLessThan(250);
    await clock.pass(3_000);
    expect(followsOf(world).toSorted()).toEqual(messages.toSorted());
  });

  it("rejects when the bus is closed, and leaves no timer behind", async () => {
    const { bus, clock, outcome, server } = await followed("m1");
    server.refuse = () => wireError("server/busy", "later");
    const waiting = outcomeOf(bus.follow("m2"));
    await clock.pass(1);
    bus.close();
    const late = outcomeOf(bus.follow("m1"));
    await clock.pass(1);
    for (const [error] of [outcome, waiting, late]) {
      expect(error).toBeInstanceOf(BusbarError);
      expect(error).toMatchObject({ code: "connection/closed" });
    }
    expect(clock.timerCount).toBe(0);
  });
});
