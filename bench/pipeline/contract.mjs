import { channel, contract } from "../../dist/index.js";
import { z } from "zod";

export const app = contract({
  "load/:key": channel({
    message: z.object({ n: z.number(), at: z.number(), seen: z.boolean().optional() }),
    history: { keep: 1_000 },
    allow: { subscribe: ["load"], publish: ["load"] },
  }),
});
