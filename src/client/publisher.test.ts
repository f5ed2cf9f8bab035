import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { collect, ground } from "../../test/client/ground.js";
import { BusbarError } from "../kernel/errors.js";
import { wireError } from "../wire/errors.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import type { VirtualClock } from "../testing/virtual-clock.js";
import type { Receipt } from "./publish-queue.js";
import type { SchemaResult, StandardSchema } from "../contract/standard-schema.js";

/** What a promise came to, once it has: its value or its error. */
function outcomeOf(promise: Promise<unknown>): unknown[] {
  const outcome: unknown[] = [];
  promise.then(
    (value) => outcome.push(value),
    (error: unknown) => outcome.push(error),
  );
  return outcome;
}

function processedOf(receipt: Receipt): Promise<unknown> {
  if (receipt.stage !== "accepted") throw new Error(`it is ${receipt.stage}`);
  return receipt.processed;
}

/** What a promise comes to within a millisecond. */
async function passing<Value>(clock: VirtualClock, promise: Promise<Value>): Promise<Value> {
  await clock.pass(1);
  return promise;
}

describe("publishing", () => {
  it("resolves with the message's place in the log", async () => {
    const { clock, server, open } = ground();
    const lobby = open().channel("chat/lobby");
    await clock.pass(1);
    const outcome = outcomeOf(lobby.publish({ text: "hello" }));
    await clock.pass(1);
    expect(outcome).toEqual([{ stage: "delivered", position: { epoch: "e1", offset: 1 } }]);
    expect(server.published.get("chat/lobby")).toEqual([{ text: "hello" }]);
  });

  it("rejects what the server refuses, with its code and reason", async () => {
    const { clock, server, open } = ground();
    server.refuse = ({ do: name }) =>
      name === "publish" ? wireError("policy/denied", "you may only read") : undefined;
    const outcome = outcomeOf(open().channel("chat/lobby").publish(1));
    await clock.pass(1);
    expect(outcome).toMatchObject([{ code: "policy/denied", message: "you may only read", retryable: false }]);
  });

  it("takes the message as it is now, whatever becomes of the object", async () => {
    const { clock, server, open } = ground();
    const data = { text: "now" };
    outcomeOf(open().channel("a").publish(data));
    data.text = "later";
    await clock.pass(1);
    expect(server.published.get("a")).toEqual([{ text: "now" }]);
  });

  it.each([
    ["too large", "message/too-large", "x".repeat(70_000)],
    ["not JSON", "message/invalid", 1n],
    ["nothing", "message/invalid", undefined],
    ["too deep", "message/invalid", JSON.parse(`${"[".repeat(65)}${"]".repeat(65)}`)],
  ])("rejects what is %s at once, and the next message is sent all the same", async (_, code, data) => {
    const { clock, server, open } = ground();
    const lobby = open().channel("chat/lobby");
    const outcomes = [outcomeOf(lobby.publish(data)), outcomeOf(lobby.publish("fine"))];
    await clock.pass(1);
    expect(outcomes).toMatchObject([[{ code, retryable: false }], [{ stage: "delivered" }]]);
    expect(server.commands.filter(({ do: name }) => name === "publish")).toMatchObject([{ data: "fine", seq: 1 }]);
  });

  it("rejects when the bus is closed: what waits, what is under way, and what comes later", async () => {
    const { clock, server, open } = ground();
    const early = open();
    const waiting = outcomeOf(early.channel("a").publish(1));
    early.close();
    const bus = open();
    await clock.pass(1);
    server.refuse = () => "silence";
    const underWay = outcomeOf(bus.channel("a").publish(1));
    bus.close();
    const late = outcomeOf(bus.channel("a").publish(1));
    await clock.pass(1);
    expect([waiting, underWay, late]).toMatchObject([
      [{ code: "connection/closed" }],
      [{ code: "publish/unknown-fate" }],
      [{ code: "connection/closed" }],
    ]);
    expect(clock.timerCount).toBe(0);
  });

  it("rejects with the server's reason when the server will not have this client", async () => {
    const { clock, server, open } = ground();
    server.refuse = () => wireError("auth/refused", "who are you?");
    const outcome = outcomeOf(open().channel("a").publish(1));
    await clock.pass(1);
    expect(outcome).toMatchObject([{ code: "auth/refused" }]);
  });

  it("comes to its reader like every other message", async () => {
    const { clock, open } = ground();
    const auth = () => ({ scheme: "basic", username: "ada", password: "p" }) as const;
    const lobby = open({ auth }).channel("chat/lobby");
    const seen = collect(lobby.messages());
    await clock.pass(1);
    outcomeOf(lobby.publish("hello"));
    await clock.pass(1);
    expect(seen).toMatchObject([{ data: "hello", from: "ada", position: { offset: 1 } }]);
  });
});

describe("publishing what is processed later", () => {
  it("resolves when the message is kept, and asks what came of it only where somebody wants to know", async () => {
    const { clock, server, open } = ground();
    server.accept = (_, data) => (data === "at once" ? undefined : String(data));
    const lobby = open().channel("a");
    const [receipt, none] = [lobby.publish("m1"), lobby.publish("at once")];
    const several = lobby.publishAll(["m2", "m3"]);
    await clock.pass(1);
    const accepted = await receipt;
    expect(accepted).toMatchObject({ stage: "accepted", message: "m1" });
    expect(await none).toEqual({ stage: "delivered", position: { epoch: "e1", offset: 1 } });
    expect(await several).toMatchObject([
      { stage: "accepted", message: "m2" },
      { stage: "accepted", message: "m3" },
    ]);
    expect(server.commands.filter(({ do: name }) => name === "follow")).toEqual([]);
    const outcome = outcomeOf(processedOf(accepted));
    await clock.pass(1);
    expect(outcome).toEqual([]);
    server.moveTo("m1", { stage: "delivered", position: { epoch: "e1", offset: 2 } });
    await clock.pass(1);
    expect(outcome).toMatchObject([{ stage: "delivered", position: { epoch: "e1", offset: 2 } }]);
  });

  it("tells a rejection with its reason, at once or later, from every other error", async () => {
    const { clock, server, open } = ground();
    const room = open().channel("a");
    await clock.pass(1);
    server.refuseMessage = () => wireError("message/rejected", "the processor says why", { reason: { rule: 7 } });
    const atOnce = outcomeOf(room.publish(1));
    const several = outcomeOf(room.publishAll([2]));
    await clock.pass(1);
    expect(atOnce).toMatchObject([{ code: "message/rejected", reason: { rule: 7 } }]);
    expect(several).toMatchObject([[{ stage: "refused", error: { reason: { rule: 7 } } }]]);
    server.accept = () => "m1";
    const receipt = await passing(clock, room.publish(3));
    const later = outcomeOf(processedOf(receipt));
    await clock.pass(1);
    server.moveTo("m1", { stage: "rejected", reason: { rule: 8 } });
    await clock.pass(1);
    expect(later).toMatchObject([{ code: "message/rejected", reason: { rule: 8 } }]);
    expect([atOnce[0], later[0]].map((error) => room.isRejection(error) && error.reason)).toEqual([
      { rule: 7 },
      { rule: 8 },
    ]);
    const others = [undefined, new Error("message/rejected"), wireError("message/invalid", "no")];
    expect(others.map((error) => room.isRejection(error))).toEqual([false, false, false]);
  });
});

describe("a publish that is given up", () => {
  it("is never sent when it had not been", async () => {
    const { clock, server, open } = ground();
    const lobby = open().channel("a");
    const [before, waiting] = [new AbortController(), new AbortController()];
    before.abort(new Error("never"));
    const outcomes = [
      outcomeOf(lobby.publish(1, { signal: before.signal })),
      outcomeOf(lobby.publish(2, { signal: waiting.signal })),
      outcomeOf(lobby.publish(3)),
    ];
    waiting.abort(new Error("not now"));
    await clock.pass(1);
    expect(outcomes).toMatchObject([[{ message: "never" }], [{ message: "not now" }], [{ stage: "delivered" }]]);
    expect(server.published.get("a")).toEqual([3]);
  });

  it("rejects at once when it was sent, and may be published", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("a");
    await clock.pass(1);
    server.refuse = () => "silence";
    const stop = new AbortController();
    const outcome = outcomeOf(lobby.publish(1, { signal: stop.signal }));
    const behind = outcomeOf(lobby.publish(2));
    await clock.pass(1);
    stop.abort();
    await clock.settle();
    expect(outcome).toMatchObject([{ name: "AbortError" }]);
    server.refuse = () => undefined;
    network.cut();
    await clock.pass(501);
    expect([server.published.get("a"), behind]).toMatchObject([[1, 2], [{ stage: "delivered" }]]);
  });

  it("lets go of its signal when it has its receipt", async () => {
    const { clock, open } = ground();
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    outcomeOf(open().channel("a").publish(1, { signal }));
    await clock.pass(1);
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 1]);
    expect(removed.mock.calls[0]?.[1]).toBe(added.mock.calls[0]?.[1]);
  });
});

describe("publishing several", () => {
  it("resolves with one outcome for each, in their order, and takes one command", async () => {
    const { clock, server, open } = ground();
    server.refuseMessage = (data) => (data === "bad" ? wireError("message/rejected", "no") : undefined);
    const outcome = outcomeOf(open().channel("a").publishAll(["one", "bad", 1n, "two"]));
    await clock.pass(1);
    expect(outcome).toMatchObject([
      [
        { stage: "delivered", position: { offset: 1 } },
        { stage: "refused", error: { code: "message/rejected", message: "no" } },
        { stage: "refused", error: { code: "message/invalid" } },
        { stage: "delivered", position: { offset: 2 } },
      ],
    ]);
    expect(server.commands.slice(1)).toMatchObject([{ do: "publishAll", messages: ["one", "bad", "two"], seq: 1 }]);
  });

  it("of none is done at once", async () => {
    expect(await ground().open().channel("a").publishAll([])).toEqual([]);
  });

  it("takes as many commands as the messages need", async () => {
    const { clock, server, open } = ground();
    const messages = Array.from({ length: 40 }, (_, index) => `${index}${"ü".repeat(100)}`);
    const outcome = outcomeOf(open({ commandBytesMax: 2_000 }).channel("a").publishAll(messages));
    await clock.pass(1_000);
    expect(outcome).toHaveLength(1);
    expect(server.published.get("a")).toEqual(messages);
    const sizes = server.commands.slice(1).map((command) => new TextEncoder().encode(JSON.stringify(command)).length);
    expect(sizes.length).toBeLessThan(10);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2_000);
  });

  it("refuses what there is no room for, and rejects with its signal's reason", async () => {
    const { clock, open } = ground();
    const bus = open({ publishesWaitingMax: 2 });
    const outcome = outcomeOf(bus.channel("a").publishAll([1, 2, 3]));
    await clock.pass(1);
    expect(outcome).toMatchObject([
      [{ stage: "delivered" }, { stage: "delivered" }, { stage: "refused", error: { code: "publish/too-many" } }],
    ]);
    const stop = new AbortController();
    const given = outcomeOf(bus.channel("a").publishAll([1], { signal: stop.signal }));
    stop.abort();
    await clock.settle();
    expect(given).toMatchObject([{ name: "AbortError" }]);
  });
});

describe("publishing with a contract", () => {
  const text = z.object({ text: z.string() });
  /** A schema that asks somebody else. */
  const slow: StandardSchema<unknown, { readonly text: string }> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate(value) {
        const { text: said } = text.parse(value);
        return said === "quick" ? { value: { text: said } } : ask(said);
      },
    },
  };
  async function ask(said: string): Promise<SchemaResult<{ readonly text: string }>> {
    if (said === "throws") throw new TypeError("a defect of the schema");
    await Promise.resolve();
    return said === "bad" ? { issues: [{ message: "this is bad" }] } : { value: { text: said } };
  }
  const app = contract({ "quick/:x": channel({ message: text }), "slow/:x": channel({ message: slow }) });

  it("rejects what does not fit without asking the server", async () => {
    const { clock, server, open } = ground();
    const bus = open({ contract: app });
    const outcomes = [
      outcomeOf(bus.channel("quick/a").publish({ text: 7 })),
      outcomeOf(bus.channel("nowhere").publish({ text: "hello" })),
    ];
    await clock.pass(1);
    expect(outcomes).toMatchObject([
      [{ code: "message/invalid", message: expect.stringContaining("text") }],
      [{ code: "channel/unknown" }],
    ]);
    expect(server.commands).toHaveLength(1);
  });

  it("keeps the order while a schema takes its time", async () => {
    const { clock, server, open } = ground();
    const room = open({ contract: app }).channel("slow/a");
    await clock.pass(1);
    const outcomes = ["one", "bad", "throws", "quick"].map((said) => outcomeOf(room.publish({ text: said })));
    await clock.pass(1);
    expect(outcomes).toMatchObject([
      [{ stage: "delivered" }],
      [{ code: "message/invalid", message: "this is bad" }],
      [{ code: "message/invalid", cause: { message: "a defect of the schema" } }],
      [{ stage: "delivered" }],
    ]);
    expect(server.published.get("slow/a")).toEqual([{ text: "one" }, { text: "quick" }]);
  });

  it("rejects with the end of the bus what is still being checked", async () => {
    const { open } = ground();
    const bus = open({ contract: app });
    const outcome = bus.channel("slow/a").publish({ text: "one" });
    bus.close();
    await expect(outcome).rejects.toBeInstanceOf(BusbarError);
    await expect(outcome).rejects.toMatchObject({ code: "connection/closed" });
  });
});
