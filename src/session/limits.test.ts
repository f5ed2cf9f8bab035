import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { sessionLimits } from "./limits.js";

const documentation = readFileSync("docs/protocol.md", "utf8").split("## Limits")[1] ?? "";

it.each(Object.entries({ ...sessionLimits }))("the limit %s, %i, is in the documentation", (_name, limit) => {
  expect(documentation).toMatch(new RegExp(`\\b${limit.toLocaleString("en")}\\b`));
});
