import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { offeredToken, subprotocol, tokenSubprotocolPrefix } from "./subprotocol.js";

it("the subprotocol has the name that the documentation gives it", () => {
  expect(readFileSync("docs/protocol.md", "utf8")).toContain(`# The wire: \`${subprotocol}\``);
});

it.each([
  [undefined, undefined],
  ["busbar.v1", undefined],
  ["busbar.v1, busbar.token.a.b-c_d", "a.b-c_d"],
  ["busbar.token.a,busbar.v1 , busbar.token.b", "a"],
  ["busbar.token.", ""],
  ["xbusbar.token.a", undefined],
  ["Busbar.Token.a", undefined],
])("of the subprotocols %j the token is %j", (header, token) => {
  expect(offeredToken(header)).toBe(token);
});

it("the token's subprotocol begins as the documentation says", () => {
  expect(readFileSync("docs/protocol.md", "utf8")).toContain(tokenSubprotocolPrefix);
});
