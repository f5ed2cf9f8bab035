/** With Python's websockets, in both roles. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CompressionOptions } from "busbar/websocket";
import { describeWith } from "../requirements.js";
import { openClient, startServer } from "../support/engine-ground.js";
import { isSame, messages, wholeText } from "./messages.js";

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Variant {
  readonly name: string;
  readonly ours: CompressionOptions | boolean;
  /** Options of its permessage-deflate; null for none. */
  readonly theirs: Readonly<Record<string, boolean | number>> | null;
}

const takeover = { contextTakeover: true, fromBytes: 0 };

const variants: readonly Variant[] = [
  { name: "without compression", ours: false, theirs: null },
  { name: "with compression that only ours wants", ours: takeover, theirs: null },
  { name: "with compression that only theirs wants", ours: false, theirs: {} },
  { name: "with compression", ours: { fromBytes: 0 }, theirs: {} },
  { name: "with compression and contexts", ours: takeover, theirs: {} },
  {
    name: "with compression and small windows",
    ours: takeover,
    theirs: { server_max_window_bits: 9, client_max_window_bits: 10 },
  },
  {
    name: "with compression and no context",
    ours: takeover,
    theirs: { server_no_context_takeover: true, client_no_context_takeover: true },
  },
];

const isDeflated = ({ ours, theirs }: Variant): boolean => ours !== false && theirs !== null;

/** What the server has printed, line by line. */
interface PythonServer {
  readonly url: string;
  nextLine(): Promise<string>;
}

async function startPython(python: string, theirs: Variant["theirs"]): Promise<PythonServer> {
  const child = spawn(python, [script("python-server.py"), JSON.stringify(theirs)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done === true) throw new Error("the server has ended");
    return value;
  };
  return { url: `ws://127.0.0.1:${await nextLine()}`, nextLine };
}

describeWith("python3-websockets", "Python's websockets", (python) => {
  describe.each(variants)("as client of our server, $name", (variant) => {
    it("exchanges messages of all kinds, fragments and pings, and closes", async () => {
      const closed: unknown[] = [];
      const { url } = await startServer(
        async (socket) => {
          socket.on("close", (info) => closed.push(info));
          for await (const message of socket) await socket.send(message);
        },
        { compression: variant.ours },
      );
      const { stdout } = await promisify(execFile)(python, [
        script("python-client.py"),
        url,
        JSON.stringify(variant.theirs),
      ]);
      expect(JSON.parse(stdout)).toEqual({
        wrong: [],
        extensions: isDeflated(variant) ? ["permessage-deflate"] : [],
        fragments: true,
        binaryFragments: true,
        close: 4001,
      });
      expect(closed).toEqual([{ code: 4001, reason: "grüße", wasClean: true }]);
    });
  });

  describe.each(variants)("as server of our client, $name", ({ ours, theirs }) => {
    it("exchanges messages of all kinds, fragments and pings, and closes", async () => {
      const server = await startPython(python, theirs);
      const client = await openClient(`${server.url}/echo`, { compression: ours });
      const answers = client[Symbol.asyncIterator]();
      for (const { data, name } of [...messages, ...messages]) {
        await client.send(data);
        expect(isSame((await answers.next()).value, data), name).toBe(true);
      }
      expect(await client.ping()).toBeGreaterThanOrEqual(0);
      await client.close();
      const fragmented = await openClient(`${server.url}/fragments`, { compression: ours });
      const fragments = fragmented[Symbol.asyncIterator]();
      expect([(await fragments.next()).value, (await fragments.next()).value]).toEqual([wholeText, "pong came"]);
      await fragmented.closed;
      const ended = await openClient(`${server.url}/close/4002/${encodeURIComponent("grüße")}`, { compression: ours });
      expect(await ended.closed).toEqual({ code: 4002, reason: "grüße", wasClean: true });
      const ending = await openClient(`${server.url}/wait`, { compression: ours });
      await ending.close(4001, "grüße");
      expect(JSON.parse(await server.nextLine())).toEqual([4001, "grüße"]);
    });
  });
});
