import { describe, expect, it } from "vitest";
import { collect, ground } from "../../test/client/ground.js";
import { wireError } from "../wire/errors.js";

/** What a promise came to, once it has: its value or its error. */
function outcomeOf(promise: Promise<unknown>): unknown[] {
  const outcome: unknown[] = [];
  promise.then(
    (value) => outcome.push(value),
    (error: unknown) => outcome.push(error),
  );
  return outcome;
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

  it("waits for the connection, in order, also behind a cut", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("chat/lobby");
    const first = outcomeOf(lobby.publish(1));
    outcomeOf(lobby.publish(2));
    await clock.pass(1);
    expect(first).toMatchObject([{ stage: "delivered" }]);
    network.cut();
    const third = outcomeOf(lobby.publish(3));
    await clock.pass(501);
    expect(third).toMatchObject([{ stage: "delivered" }]);
    expect(server.published.get("chat/lobby")).toEqual([1, 2, 3]);
  });

  it("rejects what the server refuses, with its code and reason", async () => {
    const { clock, server, open } = ground();
    server.refuse = ({ do: name }) =>
      name === "publish" ? wireError("policy/denied", "you may only read") : undefined;
    const outcome = outcomeOf(open().channel("chat/lobby").publish(1));
    await clock.pass(1);
    expect(outcome).toMatchObject([{ code: "policy/denied", message: "you may only read", retryable: false }]);
  });

  it("says that nobody knows what became of a message that was under way when the connection was cut", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("chat/lobby");
    await clock.pass(1);
    server.refuse = () => "silence";
    const outcome = outcomeOf(lobby.publish(1));
    await clock.pass(1);
    network.cut();
    await clock.pass(1);
    expect(outcome).toMatchObject([{ code: "publish/unknown-fate", retryable: true }]);
  });

  it("never sends again by itself what may be in the log", async () => {
    const { clock, network, server, open } = ground();
    const lobby = open().channel("chat/lobby");
    await clock.pass(1);
    outcomeOf(lobby.publish(1));
    clock.advance(0);
    network.cut();
    await clock.pass(5_000);
    expect(server.published.get("chat/lobby")).toEqual([1]);
  });

  it("keeps only so many waiting", async () => {
    const { clock, server, open } = ground();
    const lobby = open({ publishesWaitingMax: 2 }).channel("chat/lobby");
    const outcomes = [1, 2, 3].map((data) => outcomeOf(lobby.publish(data)));
    await clock.pass(1);
    expect(outcomes).toMatchObject([
      [{ stage: "delivered" }],
      [{ stage: "delivered" }],
      [{ code: "publish/too-many" }],
    ]);
    expect(server.published.get("chat/lobby")).toEqual([1, 2]);
  });

  it.each([
    ["too large", "message/too-large", "x".repeat(70_000)],
    ["not JSON", "message/invalid", 1n],
  ])("rejects what is %s, and the next message is sent all the same", async (_, code, data) => {
    const { clock, server, open } = ground();
    const lobby = open().channel("chat/lobby");
    const outcomes = [outcomeOf(lobby.publish(data)), outcomeOf(lobby.publish("fine"))];
    await clock.pass(1);
    expect(outcomes).toMatchObject([[{ code, retryable: false }], [{ stage: "delivered" }]]);
    expect(server.published.get("chat/lobby")).toEqual(["fine"]);
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
    expect(seen).toMatchObject([{ type: "message", data: "hello", from: "ada", position: { offset: 1 } }]);
  });
});
