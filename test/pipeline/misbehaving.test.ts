/** What docs/pipeline.md promises of processors that misbehave: inline, and queued. One more, without memory: workers.test.ts. */
import { channel, contract } from "busbar";
import { basic, queued, serve, silentLogger, type BusServer } from "busbar/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

const app = contract({
  "inline/:id": channel({ message: z.object({ do: z.string() }) }),
  "queued/:id": channel({ message: z.object({ do: z.string() }) }),
  news: channel({ message: z.object({ text: z.string() }) }),
});

interface Order {
  readonly do: string;
}

interface Context {
  readonly signal: AbortSignal;
  readonly emit: (channel: "news", data: { readonly text: string }) => void;
}

let aborted: unknown[];
let server: BusServer<typeof app>;

function carryOut(order: Order, { emit, signal }: Context): Order | Promise<Order> {
  emit("news", { text: order.do });
  switch (order.do) {
    case "hang":
      signal.addEventListener("abort", () => void aborted.push(Object(signal.reason).code));
      return new Promise(() => {});
    case "throw":
      throw new Error("after it has emitted");
    case "emit much":
      for (let count = 0; count < 10_000; count++) emit("news", { text: String(count) });
      return order;
    case "return nonsense":
      return JSON.parse("{}").nonsense;
    case "return what is no JSON":
      return Object(10n);
    default:
      return order;
  }
}

beforeEach(async () => {
  aborted = [];
  server = await serve(app, {
    authenticate: basic({}),
    logger: silentLogger,
    limits: { pipeline: { processTimeoutMs: 50 } },
    process: {
      "inline/:id": carryOut,
      "queued/:id": queued(carryOut, { attemptsMax: 2, timeoutMs: 50, onFailure: "skip", backoff: { firstMs: 1 } }),
    },
  });
});

afterEach(() => server.close());

/** What goes on afterwards is the first message in its log, and the first thing that is emitted. */
async function expectNothingBefore(id: "inline/1" | "queued/1"): Promise<void> {
  const receipt = await server.channel(id).publish({ do: "work" });
  const done = receipt.stage === "accepted" ? await server.pipeline.processed(receipt.message) : receipt;
  expect(done).toMatchObject({ stage: "delivered", position: { offset: 1 } });
  expect(await server.channel("news").publish({ text: "the second" })).toMatchObject({ position: { offset: 2 } });
}

describe.each([
  ["hang", "took longer than 50 ms"],
  ["throw", "after it has emitted"],
  ["emit much", "a processor can emit 1000 messages for one"],
  ["return nonsense", "is no JSON"],
  ["return what is no JSON", "is no JSON"],
])("a processor that does this: %s", (what, error) => {
  it("fails its message inline, with no effect, and the next one goes on", async () => {
    await expect(server.channel("inline/1").publish({ do: what })).rejects.toMatchObject({ code: "message/failed" });
    expect(aborted).toEqual(what === "hang" ? ["message/failed"] : []);
    await expectNothingBefore("inline/1");
  });

  it("is tried again where it is queued, and its message is a dead letter in the end, with no effect", async () => {
    const receipt = await server.channel("queued/1").publish({ do: what });
    if (receipt.stage !== "accepted") throw new Error(`it was ${receipt.stage}`);
    await expect(server.pipeline.processed(receipt.message)).rejects.toMatchObject({ code: "message/dead" });
    const letter = await server.pipeline.deadLetters.get(receipt.message);
    expect(letter?.failures.map((failure) => failure.error)).toEqual(Array(2).fill(expect.stringContaining(error)));
    expect(aborted).toEqual(what === "hang" ? ["message/failed", "message/failed"] : []);
    await expectNothingBefore("queued/1");
  });
});
