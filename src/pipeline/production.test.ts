import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import type { Params } from "../contract/pattern.js";
import { LazyAbort } from "../kernel/lazy-abort.js";
import { encode, produce, type Produced, type Work } from "./production.js";
import type { Emit, Processor } from "./processor.js";

interface User {
  readonly id: string;
}

const app = contract({
  "chat/:room": channel({ message: z.object({ text: z.string() }) }),
  news: channel({ message: z.object({ text: z.string() }) }),
});

describe("what comes out of a processor", () => {
  let abort: LazyAbort;
  let idsAsked: number;
  beforeEach(() => {
    abort = new LazyAbort();
    idsAsked = 0;
  });
  const run = (processor: Processor<unknown, Params, User>): Promise<Produced> => {
    const match = app.match("chat/lobby");
    if (match === undefined) throw new Error("there is such a channel");
    const work: Work<User> = {
      channel: "chat/lobby",
      match,
      data: { text: "a" },
      message: { text: "a" },
      principal: { id: "ada" },
      attempt: 3,
      id: () => {
        idsAsked++;
        return "m1";
      },
    };
    return produce(processor, work, { match: app.match.bind(app), abort, emitsMax: 2 });
  };

  it("is the message that it returned, with what it emitted, in its order", async () => {
    const produced = await run((message, { emit }) => {
      emit("news", { text: "1" });
      emit("news", { text: "2", more: true });
      return message;
    });
    expect(produced).toEqual({
      kind: "outputs",
      payload: '{"text":"a"}',
      emitted: [
        { channel: "news", payload: '{"text":"1"}' },
        { channel: "news", payload: '{"text":"2"}' },
      ],
    });
    expect(idsAsked).toBe(0);
  });

  it("is a rejection with its reason, or nothing where it was dropped", async () => {
    expect(await run((_, { reject }) => reject("no"))).toEqual({ kind: "rejected", reason: "no" });
    expect(await run((_, { drop }) => drop())).toEqual({ kind: "outputs", payload: undefined, emitted: [] });
  });

  it("is told all about the message", async () => {
    let told: unknown;
    await run((message, { attempt, channel: name, idempotencyKey, params, principal, signal }) => {
      told = { attempt, name, idempotencyKey, params, principal, aborted: signal.aborted };
      abort.abort(new Error("enough"));
      expect(signal.aborted).toBe(true);
      return message;
    });
    expect(told).toEqual({
      attempt: 3,
      name: "chat/lobby",
      idempotencyKey: "m1",
      params: { room: "lobby" },
      principal: { id: "ada" },
      aborted: false,
    });
  });

  it("is a failure where it throws, or emits to nowhere, too much, too late, or what does not fit", async () => {
    let late: Emit | undefined;
    await expect(run(() => Promise.reject(new Error("no")))).rejects.toMatchObject({ code: "message/failed" });
    await expect(run((_, { emit }) => emit("nowhere", 1))).rejects.toMatchObject({
      cause: { code: "channel/unknown" },
    });
    await expect(run((_, { emit }) => emit("a b", 1))).rejects.toMatchObject({ cause: { code: "channel/unknown" } });
    const many: Processor<unknown, Params, User> = (_, { emit }) => {
      for (let count = 0; count < 3; count++) emit("news", { text: "x" });
    };
    await expect(run(many)).rejects.toMatchObject({ cause: { code: "message/failed" } });
    const misfit: Processor<unknown, Params, User> = (message, { emit }) => {
      emit("news", 5);
      return message;
    };
    await expect(run(misfit)).rejects.toMatchObject({ code: "message/failed" });
    await run((message, context) => {
      late = (name, data) => context.emit(name, data);
      return message;
    });
    expect(() => late?.("news", { text: "x" })).toThrow(expect.objectContaining({ code: "message/failed" }));
  });

  it.each([undefined, () => 1, 10n])("is a failure where that is no JSON: %s", (value) => {
    expect(() => encode(value, "it")).toThrow(
      expect.objectContaining({ code: "message/failed", message: "it is no JSON" }),
    );
  });
});
