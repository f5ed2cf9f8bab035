/** A processor behind HTTP: the Python example, and servers that answer all kinds of things. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { channel, contract } from "busbar";
import { basic, httpProcessor, queued, serve, silentLogger, type BusServer } from "busbar/server";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { describeWith } from "../requirements.js";

const secret = "a secret of both sides";

const order = z.object({ item: z.string(), amount: z.number(), booked: z.boolean().optional() });
const app = contract({
  "orders/:id": channel({ message: order }),
  "inline/:id": channel({ message: order }),
});

type App = typeof app;

let server: BusServer<App> | undefined;
let other: Server | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
  other?.closeAllConnections();
  other?.close();
  other = undefined;
});

async function start(url: string): Promise<BusServer<App>> {
  const processor = httpProcessor<z.infer<typeof order>, unknown, string>({ url, secret });
  const later = queued(processor, { attemptsMax: 2, timeoutMs: 500, backoff: { firstMs: 10 } });
  server = await serve(app, {
    authenticate: basic({}),
    logger: silentLogger,
    process: { "orders/:id": later, "inline/:id": processor },
  });
  return server;
}

describe("a processor behind HTTP", () => {
  /** Answers each request in turn, and notes it. */
  const answering = async (answers: readonly (readonly [status: number, body: string] | "never")[]) => {
    const requests: { body: unknown; headers: Record<string, unknown> }[] = [];
    other = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => void chunks.push(chunk));
      request.on("end", () => {
        const answer = answers[requests.length] ?? answers.at(-1);
        requests.push({ body: JSON.parse(Buffer.concat(chunks).toString()), headers: request.headers });
        if (answer === undefined || answer === "never") return;
        response.writeHead(answer[0]).end(answer[1]);
      });
    }).listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
    return { requests, on: await start(url) };
  };

  it("gets the message with its key and who published it, and answers with what comes out", async () => {
    const body = JSON.stringify({
      message: { item: "b", amount: 2 },
      emit: [{ channel: "orders/2", data: { item: "c", amount: 3 } }],
    });
    const { on, requests } = await answering([[200, body]]);
    const seen: unknown[] = [];
    await on.subscribe(
      "orders/:id",
      { group: "all", from: "start" },
      ({ channel: name, data }) => void seen.push([name, data]),
    );
    await on.channel("inline/1").publish({ item: "a", amount: 1 });
    expect(requests[0]?.body).toMatchObject({
      attempt: 1,
      channel: "inline/1",
      params: { id: "1" },
      principal: { id: "server", roles: [] },
    });
    expect(requests[0]?.headers).toMatchObject({
      "busbar-attempt": "1",
      "busbar-signature": expect.stringMatching(/^v1=[0-9a-f]{64}$/),
    });
    expect(requests[0]?.headers["idempotency-key"]).toBe(Object(requests[0]?.body).id);
    await expect.poll(() => seen).toEqual([["orders/2", { item: "c", amount: 3 }]]);
  });

  it.each([
    ["nothing: the message stays as it is", [204, ""], "delivered"],
    ["a drop", [200, '{"drop":true}'], "dropped"],
  ] as const)("answers 2xx with %s", async (_name, answer, stage) => {
    const { on } = await answering([answer]);
    expect(await on.channel("inline/1").publish({ item: "a", amount: 1 })).toMatchObject({ stage });
  });

  it("rejects with 4xx, and its reason goes to the publisher", async () => {
    const { on } = await answering([
      [422, '{"reason":"too rude"}'],
      [404, "<h1>Not found</h1>"],
    ]);
    const publish = () => on.channel("inline/1").publish({ item: "a", amount: 1 });
    await expect(publish()).rejects.toMatchObject({ code: "message/rejected", reason: "too rude" });
    await expect(publish()).rejects.toMatchObject({ code: "message/rejected", reason: expect.stringContaining("404") });
  });

  it.each([
    ["500", [500, ""]],
    ["429", [429, ""]],
    ["a redirect", [302, ""]],
    ["no JSON object", [200, "[1]"]],
    ["an emit that is none", [200, '{"emit":[5]}']],
    ["too much", [200, `{"message":"${"x".repeat(1_100_000)}"}`]],
    ["nothing in time", "never"],
  ] as const)("fails, and is tried again, with %s", async (_name, answer) => {
    const { on, requests } = await answering([answer, [204, ""]]);
    const receipt = await on.channel("orders/1").publish({ item: "a", amount: 1 });
    if (receipt.stage !== "accepted") throw new Error("it is queued");
    expect(await on.pipeline.processed(receipt.message)).toMatchObject({ stage: "delivered" });
    const keys = requests.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toEqual([receipt.message, receipt.message]);
  });

  it.each([
    ["an address that is none", { url: "somewhere", secret }],
    ["a secret that can be guessed", { url: "http://localhost/", secret: "short" }],
  ])("is refused with %s", (_name, options) => {
    expect(() => httpProcessor(options)).toThrow(expect.objectContaining({ code: "options/invalid" }));
  });
});

describeWith("python3-websockets", "the Python example of a processor", (python) => {
  let child: ChildProcess | undefined;
  let folder: string | undefined;
  afterEach(() => {
    child?.kill("SIGKILL");
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const startPython = async (known: string): Promise<{ url: string; database: string }> => {
    folder = mkdtempSync(join(tmpdir(), "busbar-python-"));
    const database = join(folder, "orders.db");
    const program = fileURLToPath(new URL("../../examples/python/processor.py", import.meta.url));
    const running = spawn(python, [program, "--port", "0", "--database", database], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, BUSBAR_SECRET: known },
    });
    child = running;
    for await (const line of createInterface({ input: running.stdout })) {
      return { url: line.replace("listening on ", ""), database };
    }
    throw new Error("it has ended");
  };

  const rowsOf = (database: string): unknown =>
    JSON.parse(
      execFileSync(
        python,
        [
          "-c",
          `import json, sqlite3, sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute("SELECT channel, item, amount FROM orders").fetchall()))`,
          database,
        ],
        { encoding: "utf8" },
      ),
    );

  it("books each order once, and rejects what is no order", async () => {
    const { database, url } = await startPython(secret);
    const on = await start(url);
    const receipts = await on.channel("orders/1").publishAll([
      { item: "screws", amount: 5 },
      { item: "nothing", amount: 0 },
    ]);
    const ends = receipts.map((receipt) =>
      receipt.stage === "accepted" ? on.pipeline.processed(receipt.message) : undefined,
    );
    expect(await ends[0]).toMatchObject({ stage: "delivered" });
    await expect(ends[1]).rejects.toMatchObject({ code: "message/rejected", reason: "an order has an amount above 0" });
    expect(rowsOf(database)).toEqual([["orders/1", "screws", 5]]);
  });

  it("takes nothing from somebody who does not know the secret", async () => {
    const { database, url } = await startPython("another secret of theirs");
    const on = await start(url);
    const receipt = await on.channel("orders/1").publish({ item: "screws", amount: 5 });
    if (receipt.stage !== "accepted") throw new Error("it is queued");
    await expect(on.pipeline.processed(receipt.message)).rejects.toMatchObject({ code: "message/dead" });
    expect(rowsOf(database)).toEqual([]);
  });
});
