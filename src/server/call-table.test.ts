import { expect, it } from "vitest";
import { z } from "zod";
import { call } from "../contract/call.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { callTable } from "./call-table.js";

const [input, output] = [z.string(), z.string()];
const app = contract({
  add: call({ input, output }),
  confirm: call({ input, output, handledBy: "client" }),
  news: channel({ message: z.string() }),
});

it("finds each handler by its pattern", () => {
  const add = (): string => "1";
  expect([...callTable(app, { add })]).toEqual([["add", add]]);
});

it.each([
  ["confirm", () => "", "server/no-such-pattern"],
  ["news", () => "", "server/no-such-pattern"],
  ["toString", () => "", "server/no-such-pattern"],
  ["add", "no function", "server/no-handler"],
])("refuses a handler of %s that is %s: %s", (pattern, handler, code) => {
  expect(() => callTable(app, { [pattern]: handler })).toThrow(expect.objectContaining({ code }));
});
