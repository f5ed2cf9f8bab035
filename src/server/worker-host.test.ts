import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Principal } from "../auth/principal.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { connect, type ClientSocket } from "../engine/connect.js";
import { serve } from "../engine/serve.js";
import type { WebSocketServer } from "../engine/web-socket-server.js";
import { LazyAbort } from "../kernel/lazy-abort.js";
import { silentLogger } from "../kernel/logger.js";
import type { Work } from "../pipeline/production.js";
import { readHostMessage, type HostMessage, type WorkerMessage } from "../pipeline/worker-protocol.js";
import { WorkerHost } from "./worker-host.js";

const app = contract({ "a/:n": channel({ message: z.unknown() }) });
const principal: Principal = { id: "ada", roles: [], claims: {}, expiresAtMs: undefined };

function work(): Work<Principal> {
  const match = app.match("a/1");
  if (match === undefined) throw new Error("there is such a channel");
  return { id: () => "m", channel: "a/1", match, data: 1, message: 1, principal, attempt: 1 };
}

/** A worker that says what a test has it say. */
class Puppet {
  readonly heard: HostMessage[] = [];
  readonly #socket: ClientSocket;

  constructor(socket: ClientSocket) {
    this.#socket = socket;
    socket.on("message", (data) => void this.heard.push(readHostMessage(String(data))));
  }

  get socket(): ClientSocket {
    return this.#socket;
  }

  say(message: WorkerMessage | { readonly say: "nonsense" }): Promise<void> {
    return this.#socket.send(JSON.stringify(message));
  }

  /** The number of the task that it was given last. */
  get task(): number {
    const last = this.heard.findLast((message) => message.say === "work");
    return last?.say === "work" ? last.task : 0;
  }
}

describe("the host of workers", () => {
  let host: WorkerHost;
  let server: WebSocketServer;
  beforeEach(async () => {
    host = new WorkerHost({ contract: app, patterns: new Set(["a/:n"]), leaseMs: 9_000, logger: silentLogger });
    server = await serve((socket) => host.take(socket), { port: 0 });
  });
  afterEach(() => server.close());

  const attach = async (more: Partial<Extract<WorkerMessage, { say: "hello" }>> = {}): Promise<Puppet> => {
    const puppet = new Puppet(await connect(server.url ?? ""));
    await puppet.say({
      say: "hello",
      worker: "w",
      patterns: ["a/:n"],
      parallelMax: 1,
      tasks: [],
      contract: app.fingerprint,
      ...more,
    });
    await expect.poll(() => puppet.heard.map(({ say }) => say)).toContain("welcome");
    return puppet;
  };

  it("gives a message to a worker, and takes what comes of it", async () => {
    const puppet = await attach();
    expect(puppet.heard[0]).toEqual({ say: "welcome", aliveEveryMs: 3_000 });
    const done = host.run(work(), new LazyAbort());
    await expect.poll(() => puppet.task).toBe(1);
    expect(host.workers).toMatchObject([{ name: "w", isAttached: true, running: 1 }]);
    await puppet.say({ say: "alive" });
    await puppet.say({ say: "done", task: 1, produced: { kind: "rejected", reason: "no" } });
    expect(await done).toEqual({ kind: "rejected", reason: "no" });
    const failed = host.run(work(), new LazyAbort());
    await expect.poll(() => puppet.task).toBe(2);
    await puppet.say({ say: "failed", task: 2, error: "out of luck" });
    await expect(failed).rejects.toMatchObject({
      code: "message/failed",
      message: expect.stringContaining("out of luck"),
    });
  });

  it("has those wait who have no place, until there is one or they give up", async () => {
    const abort = new LazyAbort();
    const given = host.run(work(), abort);
    abort.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    const waiting = host.run(work(), new LazyAbort());
    expect([host.seat("a/:n"), host.has("a/:n"), host.isLeased()]).toEqual([undefined, true, true]);
    const puppet = await attach({ contract: "another" });
    expect(puppet.heard[0]).toMatchObject({ contract: "differs" });
    await expect.poll(() => puppet.task).toBe(1);
    await puppet.say({ say: "done", task: 1, produced: { kind: "outputs", payload: "1", emitted: [] } });
    expect(await waiting).toMatchObject({ payload: "1" });
  });

  it("tells a worker that nobody waits for its outcome", async () => {
    const puppet = await attach();
    const abort = new LazyAbort();
    const given = host.run(work(), abort);
    await expect.poll(() => puppet.task).toBe(1);
    abort.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await expect.poll(() => puppet.heard.at(-1)).toEqual({ say: "cancel", task: 1 });
  });

  it("lets a worker that is cut off come back to what it has", async () => {
    const first = await attach({ parallelMax: 2 });
    const kept = host.run(work(), new LazyAbort());
    const lost = host.run(work(), new LazyAbort());
    const outcome = expect(lost).rejects.toMatchObject({ code: "pipeline/worker-lost" });
    await expect.poll(() => first.task).toBe(2);
    first.socket.terminate();
    await expect.poll(() => host.workers[0]?.isAttached).toBe(false);
    const again = await attach({ tasks: [1, 7] });
    await outcome;
    await expect.poll(() => again.heard).toContainEqual({ say: "cancel", task: 7 });
    await again.say({ say: "done", task: 1, produced: { kind: "outputs", payload: "1", emitted: [] } });
    expect(await kept).toMatchObject({ payload: "1" });
  });

  it("forgets a worker that has nothing, and loses at once what one had that is dead", async () => {
    const idle = await attach();
    await idle.socket.close();
    await expect.poll(() => host.workers).toEqual([]);
    const busy = await attach();
    const lost = host.run(work(), new LazyAbort());
    await expect.poll(() => busy.task).toBe(1);
    host.lost("w");
    host.lost("nobody");
    await expect(lost).rejects.toMatchObject({ code: "pipeline/worker-lost" });
  });

  it("gives nothing more to a worker that is leaving", async () => {
    const puppet = await attach({ parallelMax: 2 });
    const seat = host.seat("a/:n");
    await puppet.say({ say: "leaving" });
    // The server has read what came before.
    await puppet.socket.ping();
    expect(host.seat("a/:n")).toBeUndefined();
    const options = { abort: new LazyAbort(), renew: () => true };
    await expect(seat?.run(work(), options)).rejects.toMatchObject({ code: "pipeline/no-room" });
  });

  it("closes the connection of what says nonsense, or no hello", async () => {
    const puppet = await attach();
    await puppet.say({ say: "nonsense" });
    expect(await puppet.socket.closed).toMatchObject({ code: 1008 });
    const rude = new Puppet(await connect(server.url ?? ""));
    await rude.say({ say: "alive" });
    expect(await rude.socket.closed).toMatchObject({ code: 1008 });
  });
});
