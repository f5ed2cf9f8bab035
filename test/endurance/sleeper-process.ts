/** Sockets that stop reading when they are told to: what is sent to them stays in the kernel, and then in the server. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { user } from "./contract.js";
import { settings, tell, type SleeperAsked, type SleeperSettings, type SleeperTold } from "./talk.js";

const { port, count } = settings<SleeperSettings>();

interface Pushed {
  readonly re?: number;
  readonly error?: unknown;
  readonly push?: string;
  readonly channel?: string;
  readonly data?: { readonly number: number };
}

const total = { gaps: 0, faults: 0, closed: 0 };

class Sleeper {
  /** The last number of each of its two channels. */
  tick = 0;
  bulk = 0;
  readonly ready: Promise<void>;
  readonly #socket: WebSocket;

  constructor(index: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/bus`, ["busbar.v1"], { perMessageDeflate: false });
    this.#socket.on("close", () => total.closed++);
    this.ready = new Promise((subscribed) => {
      this.#socket.on("message", (raw: Buffer) => this.#take(JSON.parse(raw.toString()), subscribed));
    });
    this.#introduce(index).catch(() => total.faults++);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async #introduce(index: number): Promise<void> {
    await once(this.#socket, "open");
    const cursors = ["tick/shared", `bulk/${index}`].map((channel) => ({ channel, from: "start" }));
    this.#socket.send(JSON.stringify({ id: 1, do: "hello", auth: { scheme: "basic", ...user } }));
    this.#socket.send(JSON.stringify({ id: 2, do: "resume", cursors }));
  }

  #take({ re, error, push, channel, data }: Pushed, subscribed: () => void): void {
    if (error !== undefined) total.faults++;
    if (re === 2) subscribed();
    if (push === "gap") total.gaps++;
    if (push !== "message" || data === undefined) return;
    const kind = channel === "tick/shared" ? "tick" : "bulk";
    if (data.number !== this[kind] + 1) total.faults++;
    this[kind] = data.number;
  }
}

const sleepers = Array.from({ length: count }, (_, index) => new Sleeper(index));

process.on("message", (asked: SleeperAsked) => {
  switch (asked) {
    case "pause":
      for (const sleeper of sleepers) sleeper.pause();
      return tell<SleeperTold>({ kind: "done" });
    case "resume":
      for (const sleeper of sleepers) sleeper.resume();
      return tell<SleeperTold>({ kind: "done" });
    case "report": {
      const leastTick = Math.min(...sleepers.map(({ tick }) => tick));
      const leastBulk = Math.min(...sleepers.map(({ bulk }) => bulk));
      tell<SleeperTold>({ kind: "report", leastTick, leastBulk, ...total });
    }
  }
});
process.once("disconnect", () => process.exit());

await Promise.all(sleepers.map(({ ready }) => ready));
tell<SleeperTold>({ kind: "done" });
