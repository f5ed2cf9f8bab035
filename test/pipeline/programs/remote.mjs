/** Processors that only workers have. */
import { queued } from "busbar/server";

export const process = {
  "orders/:id": queued("workers", { attemptsMax: 2, backoff: { firstMs: 10 }, leaseMs: 1_000 }),
};
