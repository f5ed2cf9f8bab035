/** One contract, with schemas of Zod and of Valibot whose inputs are not their outputs, for both sides' type tests. */
import { call, channel, contract } from "busbar";
import * as v from "valibot";
import { z } from "zod";

export const app = contract({
  "chat/:room": channel({
    message: z.object({ text: z.string(), mood: z.enum(["good", "bad"]).default("good") }),
    presence: z.object({ name: z.string(), isTyping: z.boolean().default(false) }),
  }),
  "games/:game/moves/:player": channel({
    message: v.object({ at: v.pipe(v.string(), v.transform(Number)) }),
    presence: v.object({ color: v.optional(v.picklist(["black", "white"]), "black") }),
    rejection: v.object({ rule: v.picklist(["turn", "place"]) }),
  }),
  news: channel({ message: z.string() }),
  "orders/create": call({
    input: z.object({ sku: z.string(), count: z.string().transform(Number) }),
    output: z.object({ id: z.string(), at: z.iso.datetime().transform((at) => Date.parse(at)) }),
    refusal: z.object({ left: z.number() }),
  }),
  "orders/:id/cancel": call({
    input: v.object({ why: v.optional(v.string(), "no reason") }),
    output: v.pipe(v.string(), v.transform(Number)),
  }),
  "confirm/:question": call({
    input: v.object({ text: v.optional(v.string(), "?") }),
    output: z.string().transform((answer) => answer === "yes"),
    refusal: z.literal("busy"),
    handledBy: "client",
  }),
});

export type App = typeof app;
