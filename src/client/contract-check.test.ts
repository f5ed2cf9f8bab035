import { expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { checkAgainst } from "./contract-check.js";

const app = contract({
  "chat/:room": channel({ message: z.object({ text: z.string().min(1) }) }),
  "later/:room": channel({ message: z.string().refine(async (text) => text !== "bad", "this is bad") }),
});
const check = checkAgainst(app);

it("nothing is wrong with what fits, and a promise is only there where the schema needs one", async () => {
  expect(check("chat/lobby", { text: "hello" })).toBeUndefined();
  const later = check("later/lobby", "fine");
  expect(later).toBeInstanceOf(Promise);
  expect(await later).toBeUndefined();
});

it("what does not fit is an error that says where", async () => {
  expect(check("chat/lobby", { text: 7 })).toMatchObject({
    code: "message/invalid",
    message: expect.stringContaining("text"),
  });
  expect(await check("later/lobby", "bad")).toMatchObject({ code: "message/invalid", message: "this is bad" });
});

it("a channel that no pattern matches is unknown", () => {
  expect(check("nowhere", 1)).toMatchObject({ code: "channel/unknown" });
});
