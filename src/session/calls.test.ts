import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { principal, SessionWorld, type Client } from "../../test/support/session-world.js";
import { Authority } from "../auth/authority.js";
import { policy } from "../auth/policy.js";
import { call } from "../contract/call.js";
import { contract } from "../contract/contract.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import type { CallContext, CallHandler } from "./call-handler.js";

const allow = { call: ["member"] };
const app = contract({
  "orders/:id/cancel": call({
    input: z.object({ why: z.string().trim() }),
    output: z.number().transform(String),
    refusal: z.object({ left: z.number() }),
    allow,
    deadlineMs: 1000,
  }),
  plain: call({ input: z.unknown(), output: z.unknown(), allow }),
  forbidden: call({ input: z.unknown(), output: z.unknown() }),
  unhandled: call({ input: z.unknown(), output: z.unknown(), allow }),
  confirm: call({ input: z.string(), output: z.boolean(), handledBy: "client", deadlineMs: 500 }),
});

const error = (code: string, re: number) => expect.objectContaining({ re, error: expect.objectContaining({ code }) });
const cancel = (input: unknown = { why: " late " }) => ({ do: "call", name: "orders/7/cancel", input });

describe("a session's calls", () => {
  let world: SessionWorld;
  let client: Client;
  let handler: CallHandler;
  let contexts: CallContext[];
  let authority: Authority;
  beforeEach(async () => {
    world = new SessionWorld({ callsMax: 2 });
    contexts = [];
    handler = () => 1;
    const handle: CallHandler = (input, context) => {
      contexts.push(context);
      return handler(input, context);
    };
    const calls = new Map(["orders/:id/cancel", "plain", "forbidden"].map((pattern) => [pattern, handle]));
    authority = new Authority({ contract: app, logger: world.logger });
    client = world.connect(principal("ada", "member"), { contract: app, calls, authority });
    await client.ask({ do: "hello" });
  });

  it("answer with what the handler says, held to the contract both ways", async () => {
    handler = (input) => (Object(input).why === "late" ? 5 : 0);
    expect(await client.ask(cancel())).toEqual([{ re: 2, ok: { output: "5" } }]);
    expect(contexts[0]).toMatchObject({
      name: "orders/7/cancel",
      params: { id: "7" },
      principal: { id: "ada" },
      deadlineMs: 1000,
    });
    expect(world.clock.timerCount).toBe(0);
  });

  it("are refused before they begin where they may not, or cannot, be made", async () => {
    expect(await client.ask({ do: "call", name: "nothing" })).toEqual([error("call/unknown", 2)]);
    expect(await client.ask({ do: "call", name: "confirm" })).toEqual([error("call/unknown", 3)]);
    expect(await client.ask({ do: "call", name: "forbidden" })).toEqual([error("policy/denied", 4)]);
    expect(await client.ask({ do: "call", name: "unhandled" })).toEqual([error("call/no-handler", 5)]);
    expect(await client.ask(cancel({ why: 1 }))).toEqual([error("call/invalid", 6)]);
    expect(contexts).toEqual([]);
  });

  it("tell why the handler refused, as the contract describes it or as text", async () => {
    handler = (_input, { refuse }) => refuse({ left: 0, more: "secret" });
    expect(await client.ask(cancel())).toMatchObject([{ error: { code: "call/refused", reason: { left: 0 } } }]);
    handler = (_input, { refuse }) => refuse("sold out");
    expect(await client.ask({ do: "call", name: "plain" })).toMatchObject([
      { error: { code: "call/refused", reason: "sold out", message: "sold out" } },
    ]);
    expect(await client.ask(cancel())).toMatchObject([{ error: { code: "call/failed" } }]);
  });

  it("fail without the details of what the handler threw, which are in the log", async () => {
    for (const broken of [
      (): never => {
        throw new TypeError("a bug");
      },
      (): Promise<never> => Promise.reject("text"),
      () => "no number",
    ]) {
      handler = broken;
      const [reply] = await client.ask(cancel());
      expect(reply).toMatchObject({ error: { code: "call/failed", retryable: true } });
      expect(JSON.stringify(reply)).not.toContain("bug");
    }
    const lines = world.lines.filter(({ event }) => event === "session/call-failed");
    expect(lines.map(({ fields }) => fields["cause"])).toEqual([
      "TypeError: a bug",
      "text",
      expect.stringContaining("number"),
    ]);
  });

  it("end at the smaller of both deadlines, and the handler knows", async () => {
    handler = () => deferred().promise;
    client.send({ ...cancel(), deadlineMs: 100 });
    client.send({ ...cancel(), deadlineMs: 5000 });
    await world.clock.pass(100);
    expect(await client.settled()).toEqual([error("call/deadline", 2)]);
    await world.clock.pass(900);
    expect(await client.settled()).toEqual([error("call/deadline", 3)]);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  });

  it("end when the client gives them up, once", async () => {
    const answer: Deferred<number> = deferred();
    handler = () => answer.promise;
    client.send(cancel());
    expect(await client.ask({ do: "cancel", call: 2 })).toEqual([{ re: 3, ok: {} }, error("call/cancelled", 2)]);
    answer.resolve(1);
    expect(await client.ask({ do: "cancel", call: 2 })).toEqual([{ re: 4, ok: {} }]);
  });

  it("do not hold up one another, and are bounded", async () => {
    const first: Deferred<number> = deferred();
    handler = () => (contexts.length === 1 ? first.promise : contexts.length);
    client.send(cancel());
    expect(await client.ask(cancel())).toEqual([{ re: 3, ok: { output: "2" } }]);
    handler = () => first.promise;
    client.send(cancel());
    expect(await client.ask(cancel())).toEqual([error("call/too-many", 5)]);
    first.resolve(9);
    expect(await client.settled()).toHaveLength(2);
  });

  it("are given up when the session ends, and answer nobody", async () => {
    const [one, two] = [deferred<number>(), deferred<never>()];
    handler = () => (contexts.length === 1 ? one.promise : two.promise);
    client.send(cancel());
    client.send(cancel());
    await world.clock.settle();
    client.session.closed();
    one.resolve(1);
    two.reject(new Error("late"));
    expect(await client.settled()).toEqual([]);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  });

  it("are allowed by a policy beside the contract, from when on it is replaced", async () => {
    authority.replace(policy({ roles: { member: { allow: [{ do: "call", on: "forbidden" }] } } }));
    expect(await client.ask({ do: "call", name: "forbidden" })).toEqual([{ re: 2, ok: { output: 1 } }]);
    authority.replace(policy({ roles: { member: { deny: [{ do: "call", on: "*" }] } } }));
    expect(await client.ask(cancel())).toEqual([error("policy/denied", 3)]);
  });

  describe("that the client handles", () => {
    beforeEach(() => client.ask({ do: "offer", name: "confirm" }));

    it("are not offered where a policy lets others do that, and no more where it is replaced", async () => {
      const others = policy({ roles: { device: { allow: [{ do: "call", on: "confirm" }] } } });
      const request = (): Promise<unknown> =>
        client.session.request("confirm", "sure?").catch((reason: unknown) => Object(reason).code);
      authority.replace(others);
      // Also before the session is judged.
      expect(await request()).toBe("call/no-handler");
      client.session.judge();
      authority.replace(policy({ roles: {} }));
      expect(await request()).toBe("call/no-handler");
      authority.replace(others);
      expect(await client.ask({ do: "offer", name: "confirm" })).toEqual([error("policy/denied", 3)]);
    });

    it("ask it, and hold its answer to the contract", async () => {
      const asking = client.session.request("confirm", "sure?");
      expect(await client.settled()).toEqual([
        { push: "call", call: 1, name: "confirm", input: "sure?", deadlineMs: 500 },
      ]);
      await client.ask({ do: "answer", call: 1, output: true });
      expect(await asking).toBe(true);
      const wrong = client.session.request("confirm", "sure?").catch((reason: unknown) => Object(reason).code);
      await client.settled();
      await client.ask({ do: "answer", call: 2, output: "yes" });
      expect(await wrong).toBe("call/failed");
      expect(await client.ask({ do: "answer", call: 2, output: "again" })).toMatchObject([{ ok: {} }]);
    });

    it("pass its refusal on", async () => {
      const asking = client.session.request("confirm", "sure?");
      const refused = expect(asking).rejects.toMatchObject({ code: "call/refused", reason: "busy" });
      await client.settled();
      await client.ask({ do: "answer", call: 1, error: { code: "call/refused", message: "no", reason: "busy" } });
      await refused;
    });

    it("are refused where it does not offer them, or they are none", async () => {
      const refused = (name: string, input: unknown = "x"): Promise<unknown> =>
        client.session.request(name, input).catch((reason: unknown) => Object(reason).code);
      expect([await refused("nothing"), await refused("plain"), await refused("confirm", 5)]).toEqual([
        "call/unknown",
        "call/unknown",
        "call/invalid",
      ]);
      await client.ask({ do: "withdraw", name: "confirm" });
      expect(await refused("confirm")).toBe("call/no-handler");
      expect(await client.ask({ do: "offer", name: "plain" })).toEqual([error("call/unknown", 4)]);
      client.session.closed();
      expect(await refused("confirm")).toBe("call/no-handler");
    });

    it("end at their deadline, or when they are given up, and it is told", async () => {
      const late = client.session
        .request("confirm", "1", { deadlineMs: 9999 })
        .catch((reason: unknown) => Object(reason).code);
      await client.settled();
      await world.clock.pass(500);
      expect(await late).toBe("call/deadline");
      const controller = new AbortController();
      const { signal } = controller;
      const aborted = client.session
        .request("confirm", "2", { signal })
        .catch((reason: unknown) => Object(reason).code);
      await world.clock.settle();
      controller.abort();
      expect(await aborted).toBe("call/cancelled");
      await expect(client.session.request("confirm", "3", { signal })).rejects.toMatchObject({
        code: "call/cancelled",
      });
      expect((await client.settled()).map(({ push }) => push)).toEqual(["cancel", "call", "cancel"]);
    });

    it("are bounded, and fail when it is gone", async () => {
      const all = [1, 2, 3].map((index) =>
        client.session.request("confirm", `${index}`).catch((reason: unknown) => Object(reason).code),
      );
      expect(await all[2]).toBe("call/too-many");
      client.session.closed();
      expect(await Promise.all(all)).toEqual(["call/failed", "call/failed", "call/too-many"]);
    });

    it("are as many as a client may offer", async () => {
      await client.ask({ do: "offer", name: "confirm" });
      expect(await client.ask({ do: "offer", name: "confirm" })).toMatchObject([{ ok: {} }]);
    });

    it("can be made by a handler of the caller's own", async () => {
      handler = async (_input, context) => ((await context.client.call("confirm", "sure?")) === true ? 1 : 0);
      client.send(cancel());
      await client.settled();
      expect(await client.ask({ do: "answer", call: 1, output: true })).toEqual([
        { re: 4, ok: {} },
        { re: 3, ok: { output: "1" } },
      ]);
    });
  });
});
