/** What the endurance tests' servers serve. */
import { channel, contract } from "busbar";
import { z } from "zod";

const everybody = { subscribe: ["member"], publish: ["member"] };

export const app = contract({
  // Everything is kept: whatever is missing at the end was lost.
  "log/:name": channel({
    message: z.object({ publisher: z.string(), number: z.int().positive() }),
    history: { keep: 100_000_000 },
    durability: "disk",
    allow: everybody,
  }),
  // Large messages, which would fill the memory.
  "bulk/:name": channel({
    message: z.object({ number: z.int().positive(), filling: z.string().max(60_000) }),
    history: { keep: 100_000_000 },
    durability: "disk",
    allow: everybody,
  }),
  // Small ones, which wait for no disk.
  "tick/:name": channel({
    message: z.object({ number: z.int().positive(), sentMs: z.number() }),
    durability: "memory",
    allow: everybody,
  }),
});

export type App = typeof app;

/** The one user of these tests. */
export const user = { username: "member", password: "endures" } as const;
