/** The one place that the chat's server and its page share. */
import { channel, contract, operatorCalls } from "busbar";
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
  /** Where somebody was named with an @. */
  "mentions/:user": channel({
    message: z.object({ room: z.string(), by: z.string(), text: z.string() }),
    history: { keep: 100, for: "30d" },
    durability: "disk",
    allow: { subscribe: ["member", "reader"] },
  }),
  /** Messages that somebody finds unwelcome; `verdict` is a moderator's. */
  "reports/:room": channel({
    message: z.object({ author: z.string(), text: z.string().max(2000), verdict: z.literal("unwelcome").optional() }),
    durability: "disk",
    allow: { publish: ["member", "reader"] },
  }),
  // What nobody but a person can judge is a dead letter, for moderators to look at.
  ...operatorCalls(["moderator"]),
});
