/** What clients are told of queued messages, over real connections: how they ended, and that a queue is full. */
import { channel, contract, operatorCalls } from "busbar";
import { connect, type Bus } from "busbar/client";
import { basic, queued, serve, silentLogger, type BusServer } from "busbar/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { RawClient } from "../support/raw-client.js";

const app = contract({
  ...operatorCalls(["operator"]),
  "orders/:id": channel({
    message: z.object({ do: z.enum(["work", "drop", "reject", "fail", "wait"]) }),
    allow: { publish: ["operator"], subscribe: ["operator"] },
  }),
});

let server: BusServer<typeof app>;
let bus: Bus<typeof app>;
let goOn: () => void;

beforeEach(async () => {
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  server = await serve(app, {
    host: "127.0.0.1",
    authenticate: basic({ otto: { password: "operator", roles: ["operator"] } }),
    logger: silentLogger,
    process: {
      "orders/:id": queued(
        async (order, { drop, reject }) => {
          if (order.do === "drop") return drop();
          if (order.do === "reject") return reject("it is sold out");
          if (order.do === "fail") throw new Error("it was made to fail");
          if (order.do === "wait") await gate;
          return order;
        },
        { attemptsMax: 2, lengthMax: 2, onFailure: "skip", backoff: { firstMs: 1 } },
      ),
    },
  });
  bus = connect<typeof app>(String(server.url), {
    auth: () => ({ scheme: "basic", username: "otto", password: "operator" }),
  });
});

afterEach(async () => {
  goOn();
  bus.close();
  await server.close();
});

async function publish(what: "work" | "drop" | "reject" | "fail" | "wait") {
  const receipt = await bus.channel("orders/1").publish({ do: what });
  if (receipt.stage !== "accepted") throw new Error(`it was ${receipt.stage}`);
  return receipt;
}

describe("a receipt's `processed`, over the wire,", () => {
  it("resolves with the position of what was delivered, and with a drop", async () => {
    expect(await (await publish("work")).processed).toMatchObject({ stage: "delivered", position: { offset: 1 } });
    expect(await (await publish("drop")).processed).toEqual({ stage: "dropped" });
  });

  it("rejects with what the processor said", async () => {
    const { processed } = await publish("reject");
    await expect(processed).rejects.toMatchObject({ code: "message/rejected", reason: "it is sold out" });
  });

  it("rejects when the message is a dead letter, which operators redrive as something else and follow", async () => {
    const { message, processed } = await publish("fail");
    await expect(processed).rejects.toMatchObject({ code: "message/dead" });
    const error = expect.stringContaining("it was made to fail");
    expect(await bus.call("operate/dead-letters", {})).toMatchObject({
      letters: [
        {
          id: message,
          attempts: 2,
          failures: [
            { attempt: 1, error },
            { attempt: 2, error },
          ],
        },
      ],
    });
    await bus.call("operate/redrive", { id: message, data: { do: "work" } });
    expect(await bus.follow(message)).toMatchObject({ stage: "delivered" });
  });
});

describe("a full queue, over the wire,", () => {
  it("refuses with its code and when to come back", async () => {
    const waiting = [await publish("wait"), await publish("work")];
    const client = await RawClient.login(String(server.url), "otto", "operator");
    const refusal = await client.ask({ do: "publish", channel: "orders/2", data: { do: "work" } });
    expect(refusal).toMatchObject({ error: { code: "server/busy", retryAfterMs: 1_000 } });
    goOn();
    for (const { processed } of waiting) await processed;
    expect(await client.ask({ do: "publish", channel: "orders/2", data: { do: "work" } })).toMatchObject({
      ok: { stage: "accepted" },
    });
    client.socket.close();
    await client.closed;
  });

  it("is waited for by the client, which publishes when there is room again", async () => {
    const waiting = [await publish("wait"), await publish("work")];
    const third = publish("work");
    await expect
      .poll(() => server.pipeline.snapshot.queues.map(({ jobs }) => jobs.waiting + jobs.running))
      .toEqual([2]);
    goOn();
    for (const { processed } of [...waiting, await third]) {
      expect(await processed).toMatchObject({ stage: "delivered" });
    }
  });
});
