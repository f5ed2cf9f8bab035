/** The one place that the chat's server and its page share. */
import { channel, contract } from "busbar";
import { z } from "zod";

export const app = contract({
  "chat/:room": channel({
    message: z.object({
      text: z.string().trim().min(1, "a message needs some text").max(2000, "a message has at most 2000 characters"),
    }),
    history: { keep: 1_000, for: "30d" },
    durability: "disk",
    presence: z.object({ name: z.string().min(1).max(40) }),
    allow: { subscribe: ["member", "reader"], publish: ["member"], presence: ["member", "reader"] },
  }),
});
