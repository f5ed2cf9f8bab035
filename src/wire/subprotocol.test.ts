import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { subprotocol } from "./subprotocol.js";

it("the subprotocol has the name that the documentation gives it", () => {
  expect(readFileSync("docs/protocol.md", "utf8")).toContain(`# The wire: \`${subprotocol}\``);
});
