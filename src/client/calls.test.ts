import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { wireError } from "../wire/errors.js";
import type { Command } from "../wire/messages.js";
import { Calls } from "./calls.js";
import { clientError } from "./errors.js";
import type { Outcome, Question } from "./request-table.js";

/** A connection in the test's hands. */
class FakeConnection {
  isReady = true;
  readonly sent: { readonly command: Command; readonly answer: (outcome: Outcome<"call">) => void }[] = [];

  request(question: Question<Command["do"]>, onOutcome: (outcome: never) => void): number {
    if (question.do === "call" && question.input === 1n) throw wireError("message/invalid", "no JSON");
    const id = this.sent.length + 1;
    this.sent.push({ command: { id, ...question }, answer: onOutcome as (outcome: Outcome<"call">) => void });
    return id;
  }

  /** What was sent since the last look, without ids. */
  take(): object[] {
    return this.sent.splice(0).map(({ command }) => ({ ...command, id: undefined }));
  }
}

describe("a client's calls", () => {
  let clock: VirtualClock;
  let connection: FakeConnection;
  let calls: Calls;
  let defects: unknown[];
  beforeEach(() => {
    clock = new VirtualClock();
    connection = new FakeConnection();
    defects = [];
    calls = new Calls({ connection, clock, reportDefect: (error) => void defects.push(error) });
  });

  it("resolve with the output", async () => {
    const call = calls.call("add", { a: 1 });
    expect(connection.sent[0]?.command).toEqual({
      id: 1,
      do: "call",
      name: "add",
      input: { a: 1 },
      deadlineMs: 30_000,
    });
    connection.sent[0]?.answer({ kind: "ok", ok: { output: 2 } });
    expect([await call, await call.result(), clock.timerCount]).toEqual([2, { kind: "ok", output: 2 }, 0]);
  });

  it("tell a refusal with its reason, and a failure, in two ways", async () => {
    const refusal = wireError("call/refused", "no", { reason: { left: 0 } });
    const failure = wireError("call/failed", "broken");
    const all = [refusal, failure].map((error) => {
      const call = calls.call("add", 1);
      connection.sent.at(-1)?.answer({ kind: "refused", error });
      return call;
    });
    await expect(all[0]).rejects.toBe(refusal);
    await expect(all[1]).rejects.toBe(failure);
    expect(await Promise.all(all.map((call) => call.result()))).toEqual([
      { kind: "refused", reason: { left: 0 } },
      { kind: "failed", error: failure },
    ]);
  });

  it("that cannot be written as JSON are refused at once", async () => {
    expect(await calls.call("add", 1n).result()).toMatchObject({ kind: "failed", error: { code: "message/invalid" } });
  });

  it("wait for a connection, with what is left of their time", async () => {
    connection.isReady = false;
    const call = calls.call("add", 1, { deadlineMs: 1000 });
    clock.advance(400);
    connection.isReady = true;
    calls.connectionReady();
    calls.connectionReady();
    expect(connection.sent.map(({ command }) => command)).toMatchObject([{ do: "call", deadlineMs: 600 }]);
    connection.sent[0]?.answer({ kind: "ok", ok: { output: 1 } });
    expect(await call).toBe(1);
  });

  it("are sent again where the server did not hear them, and else their fate is unknown", async () => {
    const [unheard, unknown] = [calls.call("add", 1), calls.call("add", 2)];
    connection.sent[0]?.answer({ kind: "lost", isUnheard: true });
    connection.sent[1]?.answer({ kind: "lost" });
    await expect(unknown).rejects.toMatchObject({ code: "call/unknown-fate", retryable: false });
    connection.take();
    calls.connectionReady();
    expect(connection.sent.map(({ command }) => command)).toMatchObject([{ do: "call", input: 1 }]);
    connection.sent[0]?.answer({ kind: "ok", ok: { output: 1 } });
    expect(await unheard).toBe(1);
  });

  it("end at their deadline, and tell the server where it knows of them", async () => {
    const sent = calls.call("add", 1, { deadlineMs: 100 });
    connection.take();
    connection.isReady = false;
    const waiting = calls.call("add", 2, { deadlineMs: 50 });
    connection.isReady = true;
    clock.advance(100);
    for (const call of [sent, waiting]) await expect(call).rejects.toMatchObject({ code: "call/deadline" });
    expect(connection.take()).toMatchObject([{ do: "cancel", call: 1 }]);
  });

  it("can be given up, before and while they are under way", async () => {
    const [before, during] = [AbortSignal.abort("no"), new AbortController()];
    await expect(calls.call("add", 1, { signal: before })).rejects.toBe("no");
    const call = calls.call("add", 1, { signal: during.signal });
    during.abort("enough");
    await expect(call).rejects.toBe("enough");
    expect(await call.result()).toMatchObject({ kind: "failed", error: { code: "call/cancelled", cause: "enough" } });
    expect([connection.take().at(-1), clock.timerCount]).toMatchObject([{ do: "cancel", call: 1 }, 0]);
  });

  it("are refused when too many wait", async () => {
    connection.isReady = false;
    for (let count = 0; count < 1000; count++) calls.call("add", 1).catch(() => {});
    await expect(calls.call("add", 1)).rejects.toMatchObject({ code: "call/too-many" });
    calls.end(clientError("connection/closed"));
  });

  it("end with the bus, and none begins after it", async () => {
    connection.isReady = false;
    const waiting = calls.call("add", 1);
    calls.end(clientError("connection/closed"));
    for (const call of [waiting, calls.call("add", 2)]) {
      await expect(call).rejects.toMatchObject({ code: "connection/closed" });
    }
    expect(clock.timerCount).toBe(0);
  });

  describe("of the server", () => {
    const push = (name: string, input: unknown = 1): void =>
      calls.pushReceived({ push: "call", call: 7, name, input, deadlineMs: 1000 });

    it("are offered on every connection, until that is taken back", () => {
      connection.isReady = false;
      const stop = calls.handle("confirm", () => true);
      expect(connection.take()).toEqual([]);
      connection.isReady = true;
      calls.connectionReady();
      calls.connectionReady();
      stop();
      stop();
      calls.connectionReady();
      const offer = { do: "offer", name: "confirm" };
      expect(connection.take()).toMatchObject([offer, offer, { do: "withdraw", name: "confirm" }]);
    });

    it("are carried out by whoever handles them now", async () => {
      const stopFirst = calls.handle("confirm", () => "first");
      calls.handle("confirm", async (input, { name }) => `${name} ${String(input)}`);
      stopFirst();
      connection.take();
      push("confirm");
      await clock.settle();
      expect(connection.take()).toMatchObject([{ do: "answer", call: 7, output: "confirm 1" }]);
    });

    it("answer a refusal with its reason, a failure without its cause, and that nobody is there", async () => {
      calls.handle("refusing", (_, { refuse }) => refuse({ why: 1 }));
      calls.handle("failing", () => {
        throw new Error("a secret");
      });
      calls.handle("silent", () => undefined);
      connection.take();
      for (const name of ["refusing", "failing", "silent", "nobody"]) {
        push(name);
        await clock.settle();
      }
      expect(connection.take()).toMatchObject([
        { do: "answer", error: { code: "call/refused", reason: { why: 1 } } },
        { do: "answer", error: { code: "call/failed", message: "it failed" } },
        { do: "answer", output: null },
        { do: "answer", error: { code: "call/no-handler" } },
      ]);
      expect(defects).toMatchObject([{ message: "a secret" }]);
    });

    it("are aborted when the server gives up or the connection is cut, and a late answer goes nowhere", async () => {
      const signals: AbortSignal[] = [];
      calls.handle("slow", (_, { signal }) => {
        signals.push(signal);
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve("late")));
      });
      connection.take();
      push("slow");
      calls.pushReceived({ push: "cancel", call: 7 });
      calls.pushReceived({ push: "cancel", call: 8 });
      push("slow");
      calls.connectionLost();
      await clock.settle();
      expect(signals.map(({ reason }) => Object(reason).code)).toEqual(["call/cancelled", "connection/lost"]);
      expect(connection.take()).toEqual([]);
    });
  });
});
