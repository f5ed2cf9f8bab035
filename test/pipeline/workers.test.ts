/** Processors in processes of their own: those that the server starts, and those that attach to it. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import type * as ServerModule from "busbar/server";
import type { BusServer, WorkersOptions } from "busbar/server";
import type * as WorkerModule from "busbar/worker";
import { silentLogger } from "../../src/kernel/logger.js";
import type * as OrdersModule from "./programs/orders.mjs";

const program = (name: string): URL => new URL(`programs/${name}`, import.meta.url);

/** The built package: the server starts its workers from there. */
const built = (name: string): string => new URL(`../../dist/${name}/index.js`, import.meta.url).href;

const key = "a-key-that-nobody-guesses";

type Orders = typeof OrdersModule.app;

describe("processors in processes of their own", () => {
  let server: BusServer<Orders> | undefined;
  let child: ChildProcess | undefined;
  afterEach(async () => {
    child?.kill("SIGKILL");
    child = undefined;
    await server?.close();
    server = undefined;
  });

  const start = async (workers: number | WorkersOptions): Promise<BusServer<Orders>> => {
    const { serve, basic }: typeof ServerModule = await import(built("server"));
    const { app }: typeof OrdersModule = await import(program("orders.mjs").href);
    const authenticate = basic({});
    const isRemote = typeof workers === "object" && workers.count === undefined;
    const processors = program(isRemote ? "remote.mjs" : "orders.mjs");
    server = await serve(app, { authenticate, process: processors, workers, logger: silentLogger });
    return server;
  };

  /** Publish, and wait for what came out. */
  const publish = async (on: BusServer<Orders>, what: "work" | "exhaust" | "fail" | "hang" | "exit", id = "1") => {
    const receipt = await on.channel(`orders/${id}`).publish({ do: what });
    if (receipt.stage !== "accepted") throw new Error(`it was ${receipt.stage}`);
    return { id: receipt.message, processed: on.pipeline.processed(receipt.message) };
  };

  /** What is delivered to the orders, as it comes. */
  const watch = async (on: BusServer<Orders>): Promise<{ readonly by: string | undefined }[]> => {
    const seen: { readonly by: string | undefined }[] = [];
    await on.subscribe(
      "orders/:id",
      { group: "watchers", from: "start" },
      ({ data }) => void seen.push({ by: data.by }),
    );
    return seen;
  };

  const attach = async (): Promise<ChildProcess> => {
    const worker = fork(fileURLToPath(program("worker.mjs")), [], {
      env: { ...process.env, WORKER_KEY: key, WORKER_PORT: String(server?.pipeline.workerPort) },
    });
    await once(worker, "message");
    return worker;
  };

  it("run beside the server, for queued and for inline messages", async () => {
    const on = await start(2);
    const seen = await watch(on);
    for (let id = 1; id <= 20; id++) await (await publish(on, "work", String(id))).processed;
    const pids = on.pipeline.workerPids.map(String);
    await expect.poll(() => seen.length).toBe(20);
    expect(pids).toHaveLength(2);
    expect(seen.every(({ by = "" }) => pids.includes(by))).toBe(true);
    expect(await on.channel("inline/1").publish({ text: "x" })).toMatchObject({ stage: "delivered" });
  });

  it("go on when a worker dies on a message, which is a dead letter in the end", async () => {
    const on = await start({ count: 1, memoryMiB: 64 });
    const before = on.pipeline.workerPids;
    const { id, processed } = await publish(on, "exhaust");
    await expect(processed).rejects.toMatchObject({ code: "message/dead" });
    const letter = await on.pipeline.deadLetters.get(id);
    // Also of a worker that was too busy to say that it lived, and lost its lease before it died.
    const error = expect.stringContaining("gone before it was done");
    expect(letter?.failures).toMatchObject([
      { attempt: 1, error },
      { attempt: 2, error },
    ]);
    await (
      await publish(on, "work", "2")
    ).processed;
    expect(on.pipeline.workerPids).not.toEqual(before);
  });

  it("fail an inline message on which they die, and another worker has the next one", async () => {
    const on = await start({ count: 1, memoryMiB: 64 });
    const [before] = on.pipeline.workerPids;
    const failed = on.channel("inline/1").publish({ text: "exhaust" });
    await expect(failed).rejects.toMatchObject({ code: "message/failed" });
    expect(await on.channel("inline/1").publish({ text: "x" })).toMatchObject({ position: { offset: 1 } });
    expect(on.pipeline.workerPids).not.toContain(before);
  });

  it("tell an attempt's error, and are told when it took too long", async () => {
    const on = await start(1);
    const { id, processed } = await publish(on, "fail");
    await expect(processed).rejects.toMatchObject({ code: "message/dead" });
    const letter = await on.pipeline.deadLetters.get(id);
    expect(letter?.failures[0]?.error).toContain("it was made to fail");
  });

  it("attach with a key, come and go, and are killed without loss", async () => {
    const on = await start({ listen: { port: 0 }, key });
    const seen = await watch(on);
    const waiting = await publish(on, "work");
    expect(on.pipeline.workers).toEqual([]);
    child = await attach();
    await waiting.processed;
    const hanging = await publish(on, "hang", "2");
    await expect.poll(() => on.pipeline.workers[0]?.running).toBe(1);
    child.kill("SIGKILL");
    await once(child, "exit");
    // Its lease runs out, and the next worker has it: it hangs there as well, until that one ends it.
    child = await attach();
    await expect
      .poll(() => on.pipeline.stage(hanging.id), { timeout: 10_000 })
      .toEqual({ stage: "processing", attempt: 2 });
    expect(seen).toHaveLength(1);
    expect(on.pipeline.workers).toMatchObject([{ isAttached: true, patterns: ["orders/:id", "inline/:id"] }]);
  }, 30_000);

  it("are refused without the key", async () => {
    const on = await start({ listen: { port: 0 }, key });
    const { work }: typeof WorkerModule = await import(pathToFileURL(fileURLToPath(built("worker"))).href);
    const { app, process: processors }: typeof OrdersModule = await import(program("orders.mjs").href);
    const url = `ws://127.0.0.1:${on.pipeline.workerPort}`;
    await expect(work(app, { url, key: "another", process: processors })).rejects.toMatchObject({
      code: "worker/refused",
    });
  });
});
