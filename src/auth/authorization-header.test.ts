import { describe, expect, it } from "vitest";
import { credentialsOf } from "./authorization-header.js";

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

describe("an Authorization header", () => {
  it.each([
    [`Basic ${base64("ada:secret")}`, { scheme: "basic", username: "ada", password: "secret" }],
    [`bASIC   ${base64("zoë:a:b:")} `, { scheme: "basic", username: "zoë", password: "a:b:" }],
    [`Basic ${base64(":")}`, { scheme: "basic", username: "", password: "" }],
    ["Bearer abc.def-_~+/==", { scheme: "bearer", token: "abc.def-_~+/==" }],
  ])("%s identifies", (header, credentials) => {
    expect(credentialsOf(header)).toEqual(credentials);
  });

  it.each([
    undefined,
    "",
    "Basic",
    "Basic ",
    "Basic !!!!",
    "Basic YQ=",
    "Basic =aaa",
    `Basic ${base64("no colon")}`,
    `Basic ${Buffer.from([0xff, 0x3a]).toString("base64")}`,
    "Bearer ",
    "Bearer two words",
    "Bearer a=b",
    "Digest username=ada",
    "__proto__ x",
  ])("%s identifies nobody", (header) => {
    expect(credentialsOf(header)).toBeUndefined();
  });
});
