import { queued, type ProcessContext, type Principal } from "busbar/server";
import { Database, quote } from "./database.js";

export { app } from "./contract.js";

interface Order {
  readonly id: string;
  readonly item: string;
  readonly amount: number;
  readonly booked?: boolean | undefined;
}

type Context = Pick<ProcessContext<unknown, Principal>, "idempotencyKey" | "reject">;

let database: Database | undefined;

/** The worker's own connection; a new one where the old one has ended. */
async function connected(): Promise<Database> {
  if (database !== undefined) return database;
  const opened = new Database(process.env["DATABASE"] ?? "data/orders.sqlite");
  await opened.run(`PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS orders (id TEXT, item TEXT, amount INTEGER);`);
  database = opened;
  return opened;
}

/**
 * Book an order. An attempt can come twice, when a process died in between: the note that this message was seen and the
 * booking are one transaction, so that the order is booked once.
 */
async function book(order: Order, { idempotencyKey, reject }: Context) {
  if (order.amount <= 0) return reject("an order has an amount above 0");
  if (order.item === "unobtainium") throw new Error("nobody has any");
  const { id, item, amount } = order;
  const key = quote(idempotencyKey);
  try {
    const books = await connected();
    await books.run(`BEGIN IMMEDIATE;
      INSERT INTO orders (id, item, amount)
        SELECT ${quote(id)}, ${quote(item)}, ${amount} WHERE NOT EXISTS (SELECT 1 FROM seen WHERE key = ${key});
      INSERT OR IGNORE INTO seen (key) VALUES (${key});
      COMMIT;`);
  } catch (error) {
    database = undefined;
    throw error;
  }
  return { ...order, booked: true };
}

const orders = queued(book, {
  // Orders of one shop can be booked side by side: each is a key of its own.
  key: (order: Order) => order.id,
  parallelMax: 32,
  attemptsMax: Number(process.env["ATTEMPTS"] ?? 8),
  backoff: { firstMs: 50, longestMs: 1_000 },
  leaseMs: 2_000,
});

const table = { "orders/:shop": orders };
export { table as process };
