import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { sessionLimits } from "./limits.js";

it("every limit of a session is a positive number", () => {
  for (const limit of Object.values(sessionLimits)) expect(limit).toBeGreaterThan(0);
});

it("the wait for hello is the documented one", () => {
  expect(readFileSync("docs/protocol.md", "utf8")).toContain(
    `within ${sessionLimits.helloTimeoutMs / 1000} s`.replace("within", "no `hello` comes within"),
  );
});
