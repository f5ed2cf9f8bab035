import * as v from "valibot";
import { expect, it } from "vitest";
import { z } from "zod";
import { call } from "./call.js";

const [input, output] = [z.object({ sku: z.string() }), v.object({ id: v.string() })];

it("is handled by the server, within 30 s, and nobody may call it unless it says so", () => {
  expect(call({ input, output })).toEqual({
    kind: "call",
    input,
    output,
    refusal: undefined,
    handledBy: "server",
    allow: {},
    deadlineMs: 30_000,
    version: undefined,
  });
});

it("has what it was given", () => {
  const refusal = z.object({ left: z.number() });
  const options = {
    input,
    output,
    refusal,
    handledBy: "client",
    allow: { call: ["member"] },
    deadlineMs: 5,
    version: "b",
  } as const;
  expect(call(options)).toEqual({ kind: "call", ...options });
});

it("says what is wrong with what it was given", () => {
  const code = (name: string): unknown => expect.objectContaining({ code: `contract/invalid-${name}` });
  expect(() => call({ input, output, deadlineMs: 0 })).toThrow(code("call"));
  // @ts-expect-error schemas, please
  expect(() => call({ input, output: "text" })).toThrow(code("schema"));
  // @ts-expect-error schemas, please
  expect(() => call({ input, output, refusal: 1 })).toThrow(code("schema"));
  // @ts-expect-error there are two sides
  expect(() => call({ input, output, handledBy: "nobody" })).toThrow(code("call"));
  // @ts-expect-error roles are lists
  expect(() => call({ input, output, allow: { call: "member" } })).toThrow(code("allow"));
  // @ts-expect-error it is called deadlineMs
  expect(() => call({ input, output, deadline: 5 })).toThrow(code("option"));
  // @ts-expect-error there is nothing to make a call of
  expect(() => call()).toThrow(code("option"));
});
