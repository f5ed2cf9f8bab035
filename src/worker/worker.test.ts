import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { serve } from "../engine/serve.js";
import type { ServerSocket } from "../engine/socket-host.js";
import type { WebSocketServer } from "../engine/web-socket-server.js";
import { deferred, type Deferred } from "../kernel/deferred.js";
import {
  readWorkerMessage,
  workerSubprotocol,
  type HostMessage,
  type WorkerMessage,
} from "../pipeline/worker-protocol.js";
import { work, type Worker } from "./worker.js";

const app = contract({ "a/:n": channel({ message: z.object({ n: z.number() }) }) });

describe("a worker", () => {
  let server: WebSocketServer;
  let sockets: ServerSocket[];
  let said: WorkerMessage[];
  let gate: Deferred<void>;
  let worker: Worker | undefined;
  const tell = (message: HostMessage): void => {
    sockets
      .at(-1)
      ?.send(JSON.stringify(message))
      .catch(() => {});
  };
  const task = (number: number, n: unknown, name = "a/1"): void =>
    tell({ say: "work", task: number, id: "m", channel: name, data: { n }, principal: { id: "ada" }, attempt: 1 });
  beforeEach(async () => {
    sockets = [];
    said = [];
    gate = deferred<void>();
    const authenticate = () => ({ id: "worker", roles: [], claims: {}, expiresAtMs: undefined });
    server = await serve(
      (socket) => {
        sockets.push(socket);
        socket.on("message", (data) => {
          const message = readWorkerMessage(String(data));
          said.push(message);
          if (message.say === "hello") tell({ say: "welcome", aliveEveryMs: 20, contract: "differs" });
        });
      },
      { port: 0, subprotocols: [workerSubprotocol], authenticate },
    );
  });
  afterEach(async () => {
    gate.resolve();
    await worker?.close();
    worker = undefined;
    await server.close();
  });

  const start = async (): Promise<Worker> => {
    const process = {
      "a/:n": async ({ n }: { n: number }) => {
        if (n === 2) throw new Error("no twos");
        if (n === 3) await gate.promise;
        return { n: n * 10 };
      },
    };
    worker = await work(app, { url: server.url ?? "", key: "k", name: "w", process, parallelMax: 3 });
    return worker;
  };
  const has = (message: WorkerMessage) => expect.poll(() => said).toContainEqual(message);

  it("says what it processes, that it lives, and what comes of its tasks", async () => {
    await start();
    const { fingerprint } = app;
    const hello = {
      say: "hello",
      worker: "w",
      patterns: ["a/:n"],
      parallelMax: 3,
      tasks: [],
      contract: fingerprint,
    } as const;
    await has(hello);
    await has({ say: "alive" });
    task(1, 1);
    await has({ say: "done", task: 1, produced: { kind: "outputs", payload: '{"n":10}', emitted: [] } });
    task(2, 2);
    await expect
      .poll(() => said.find((message) => message.say === "failed"))
      .toMatchObject({ task: 2, error: expect.stringContaining("no twos") });
    task(3, "x");
    task(4, 1, "nowhere");
    await expect
      .poll(() => said.flatMap((message) => (message.say === "failed" ? [message.task] : [])))
      .toEqual(expect.arrayContaining([2, 3, 4]));
  });

  it("says nothing more of a task that was given up", async () => {
    const running = await start();
    task(1, 3);
    await expect.poll(() => running.running).toBe(1);
    tell({ say: "cancel", task: 1 });
    tell({ say: "cancel", task: 9 });
    task(2, 1);
    await expect.poll(() => said.some((message) => message.say === "done")).toBe(true);
    gate.resolve();
    await expect.poll(() => running.running).toBe(0);
    expect(said.filter((message) => "task" in message).map((message) => "task" in message && message.task)).toEqual([
      2,
    ]);
  });

  it("comes back after a cut with what it has, and says what was done meanwhile", async () => {
    const running = await start();
    task(1, 3);
    await expect.poll(() => running.running).toBe(1);
    sockets[0]?.terminate();
    await expect
      .poll(() => said.filter((message) => message.say === "hello").map((hello) => Reflect.get(hello, "tasks")))
      .toEqual([[], [1]]);
    gate.resolve();
    await has({ say: "done", task: 1, produced: { kind: "outputs", payload: '{"n":30}', emitted: [] } });
  });

  it("finishes what it has before it goes", async () => {
    const running = await start();
    task(1, 3);
    await expect.poll(() => running.running).toBe(1);
    const closed = running.close();
    await has({ say: "leaving" });
    gate.resolve();
    await closed;
    expect(said.at(-1)).toMatchObject({ say: "done", task: 1 });
    worker = undefined;
  });

  it("needs room for a message, and a server that is there", async () => {
    const options = { url: "ws://127.0.0.1:1", key: "k", process: {} };
    await expect(work(app, { ...options, parallelMax: 0 })).rejects.toMatchObject({ code: "options/invalid" });
    await expect(work(app, options)).rejects.toMatchObject({ code: "connect/failed" });
  });
});
