/** A client that has nothing to do with the attacks: it publishes and reads all the while, and tells what it noticed. */
import { RawClient } from "../support/raw-client.js";

/** What the bystander noticed. */
export interface BystanderReport {
  /** Messages that came back, in all. */
  readonly rounds: number;
  /** Of them those that were not the next one. */
  readonly gaps: number;
  readonly isCut: boolean;
  /** The longest time that a message took to come back since the last report. */
  readonly worstMs: number;
}

/** It says something this often, unless the last message has not come back. */
const EVERY_MS = 20;

const channel = "board/bystander";
const client = await RawClient.login(process.argv[2] ?? "", "ada", "lovelace");
await client.ask({ do: "subscribe", channel });

let rounds = 0;
let gaps = 0;
let worstMs = 0;
let isCut = false;
let isOut = false;
let since = 0;
let offset = 0;

client.socket.on("close", () => void (isCut = true));

/** Publish, and see it come back: the next offset, and what was said. */
async function round(): Promise<void> {
  since = performance.now();
  isOut = true;
  client.send({ do: "publish", channel, data: rounds });
  const message = await client.push("message");
  isOut = false;
  worstMs = Math.max(worstMs, performance.now() - since);
  if (message["offset"] !== ++offset || message["data"] !== rounds) gaps++;
  rounds++;
}

setInterval(() => {
  if (!isOut && !isCut) round().catch(() => void (isCut = true));
}, EVERY_MS);

/** What happened since the last report. */
process.on("message", () => {
  const waitedMs = isOut ? performance.now() - since : 0;
  const report: BystanderReport = { rounds, gaps, isCut, worstMs: Math.max(worstMs, waitedMs) };
  worstMs = 0;
  process.send?.(report);
});

process.send?.("ready");
