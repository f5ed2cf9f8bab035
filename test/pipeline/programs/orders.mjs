/** Orders, and their processors, for the server and its workers. */
import { channel, contract } from "busbar";
import { queued } from "busbar/server";
import { z } from "zod";

export const app = contract({
  "orders/:id": channel({
    message: z.object({ do: z.enum(["work", "exhaust", "fail", "hang", "exit"]), by: z.string().optional() }),
    allow: { subscribe: ["clerk"], publish: ["clerk"] },
  }),
  "inline/:id": channel({
    message: z.object({ text: z.string(), by: z.string().optional() }),
    allow: { subscribe: ["clerk"], publish: ["clerk"] },
  }),
});

/**
 * Do what an order says, and say which process did it.
 *
 * @param {{ do: "work" | "exhaust" | "fail" | "hang" | "exit", by?: string | undefined }} order
 * @param {{ readonly signal: AbortSignal }} context
 */
async function carryOut(order, { signal }) {
  switch (order.do) {
    case "work":
      return { ...order, by: String(globalThis.process.pid) };
    case "fail":
      throw new Error("it was made to fail");
    case "exit":
      globalThis.process.exit(1);
      break;
    case "exhaust":
      return exhaust();
    case "hang":
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("given up"))));
  }
}

/** @returns {never} */
function exhaust() {
  for (const memory = []; ;) memory.push(Array.from({ length: 1_000_000 }, (_, index) => ({ index })));
}

export const process = {
  "orders/:id": queued(carryOut, { attemptsMax: 2, backoff: { firstMs: 10 }, leaseMs: 1_000, timeoutMs: 20_000 }),
  /** @param {{ text: string }} message */
  "inline/:id": async (message) =>
    message.text === "exhaust" ? exhaust() : { ...message, by: String(globalThis.process.pid) },
};
