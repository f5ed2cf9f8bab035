/**
 * The example `examples/orders/`, whose server and workers are killed at random while orders come in: every accepted order
 * takes effect once, in the database and in the log, and the dead letters are those that were made to fail.
 *
 * `KILL_CYCLES` says how often (100).
 */
import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "busbar/client";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { App } from "../../examples/orders/contract.js";
import { SeededRandom } from "../../src/testing/seeded-random.js";
import { describeWith } from "../requirements.js";

const cycles = Number(process.env["KILL_CYCLES"] ?? 100);
const shops = 4;
/** So many orders can be on their way to their receipts. */
const inFlightMax = 20;
/** So many orders can wait to be booked. */
const waitingMax = 100;
/** Between two kills so many orders are booked. */
const orders = { least: 1, most: 40 };

const program = fileURLToPath(new URL("../../build/examples/orders/server.js", import.meta.url));

interface Told {
  readonly url: string;
  readonly workers: readonly number[];
}

let folder: string;
let port: number;
let server: ChildProcess | undefined;
let workers: readonly number[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "busbar-orders-"));
  const listener = createServer().listen(0);
  await once(listener, "listening");
  const address = listener.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
  listener.close();
  await once(listener, "close");
});

afterEach(async () => {
  await kill();
  rmSync(folder, { recursive: true, force: true });
});

async function start(sqlite3: string): Promise<void> {
  const child = fork(program, [], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: {
      ...process.env,
      PORT: String(port),
      DATA: join(folder, "data"),
      DATABASE: join(folder, "orders.sqlite"),
      SQLITE3_PATH: sqlite3,
    },
  });
  server = child;
  child.on("message", (told: Told) => {
    if (server === child) workers = told.workers;
  });
  await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error("the server has ended before it was there"))),
  ]);
}

async function kill(): Promise<void> {
  const child = server;
  server = undefined;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** An order that nobody can book, one that is refused, or one like any other. */
function orderOf(index: number): { id: string; item: string; amount: number } {
  const id = `order-${index}`;
  if (index % 50 === 0) return { id, item: "unobtainium", amount: 1 };
  return { id, item: "screws", amount: index % 70 === 0 ? 0 : index };
}

function isGood({ amount, item }: ReturnType<typeof orderOf>): boolean {
  return amount > 0 && item !== "unobtainium";
}

describeWith("sqlite3", "orders whose server and workers are killed", (sqlite3) => {
  it(`take effect once, over ${cycles} kills of server and workers`, async () => {
    expect(existsSync(program), "npm run build:examples builds it").toBe(true);
    const random = new SeededRandom(2026);
    await start(sqlite3);
    const auth = () => ({ scheme: "basic", username: "otto", password: "operator" }) as const;
    const bus = connect<App>(`ws://127.0.0.1:${port}/bus`, { auth, reconnectDelayMs: 20, reconnectDelayMsMax: 100 });
    /** How often each order came out of the log. */
    const booked = new Map<string, number>();
    let gaps = 0;
    bus.on("gap", () => gaps++);
    const whenBooked = new Set<() => void>();
    const readers = Array.from({ length: shops }, (_, shop) =>
      bus.channel(`orders/shop-${shop}`).subscribe(
        ({ data }) => {
          booked.set(data.id, (booked.get(data.id) ?? 0) + 1);
          for (const look of whenBooked) look();
        },
        { from: "start" },
      ),
    );
    /** Resolves when so many orders are booked in all. */
    const bookedUpTo = (goal: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (booked.size < goal) return;
          whenBooked.delete(look);
          resolve();
        };
        whenBooked.add(look);
        look();
      });

    const accepted: string[] = [];
    const underWay = new Set<Promise<unknown>>();
    let count = 0;
    let good = 0;
    const over = new AbortController();
    const publish = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await bookedUpTo(good - waitingMax);
        const order = orderOf(++count);
        if (isGood(order)) good++;
        const receipt = bus
          .channel(`orders/shop-${count % shops}`)
          .publish(order)
          .then(({ stage }) => {
            expect(stage).toBe("accepted");
            accepted.push(order.id);
          });
        underWay.add(receipt);
        receipt.finally(() => underWay.delete(receipt)).catch(() => {});
        if (underWay.size >= inFlightMax) await Promise.race(underWay);
      }
    };
    const published = publish();

    for (let cycle = 1; cycle <= cycles; cycle++) {
      const more = orders.least + Math.floor(random.fraction() * (orders.most - orders.least));
      await bookedUpTo(booked.size + more);
      const pid = workers[Math.floor(random.fraction() * workers.length)];
      if (random.fraction() < 0.5 && pid !== undefined) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It was killed just before, and the next one has not begun.
        }
      } else {
        await kill();
        await start(sqlite3);
      }
      if (cycle % 20 === 0)
        console.log(`${cycle} kills; ${count} orders, ${accepted.length} accepted, ${booked.size} booked`);
    }
    over.abort();
    await published;
    await Promise.all(underWay);
    expect(accepted).toHaveLength(count);

    const orderFor = (id: string) => orderOf(Number(id.slice("order-".length)));
    const failing = accepted.filter((id) => orderFor(id).item === "unobtainium");
    const bookable = accepted.filter((id) => isGood(orderFor(id)));
    const dead = async (): Promise<string[]> => {
      const ids: string[] = [];
      for (let after: string | undefined; ;) {
        const { letters } = await bus.call("operate/dead-letters", after === undefined ? {} : { after });
        for (const { data, place } of letters) {
          ids.push(Object(data).id);
          after = place;
        }
        if (letters.length === 0) return ids;
      }
    };
    await expect.poll(() => booked.size, { timeout: 60_000, interval: 100 }).toBe(bookable.length);
    await expect.poll(async () => (await dead()).length, { timeout: 60_000, interval: 500 }).toBe(failing.length);

    expect((await dead()).toSorted()).toEqual(failing.toSorted());
    expect([...booked.keys()].toSorted()).toEqual(bookable.toSorted());
    expect([...booked.values()].every((times) => times === 1)).toBe(true);
    expect(gaps).toBe(0);
    const rows = execFileSync(sqlite3, [join(folder, "orders.sqlite"), "SELECT id FROM orders"], { encoding: "utf8" });
    expect(rows.trim().split("\n").toSorted()).toEqual(bookable.toSorted());
    for (const stop of readers) stop();
    bus.close();
  }, 600_000);
});
