import { channel, contract, operatorCalls } from "busbar";
import { z } from "zod";

/** Orders are accepted at once and booked afterwards; what is published is what was booked. */
export const app = contract({
  ...operatorCalls(["operator"]),
  "orders/:shop": channel({
    message: z.object({
      id: z.string().min(1).max(64),
      item: z.string().min(1).max(200),
      amount: z.number().int(),
      booked: z.boolean().optional(),
    }),
    durability: "disk",
    history: { keep: 1_000_000 },
    allow: { subscribe: ["clerk"], publish: ["clerk"] },
  }),
});

export type App = typeof app;
