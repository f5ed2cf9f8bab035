import { expect, it } from "vitest";
import { clientError, clientErrors } from "./errors.js";

it("every code is of the form area/what and says something to people", () => {
  for (const [code, { message }] of Object.entries(clientErrors)) {
    expect(code).toMatch(/^[a-z]+\/[a-z-]+$/);
    expect(message).toMatch(/\w/);
  }
});

it("an error has the catalogue's message unless there is a more exact one", () => {
  const cause = new Error("inner");
  expect(clientError("auth/unavailable", { cause })).toMatchObject({
    code: "auth/unavailable",
    message: "`token` or `auth` failed",
    retryable: true,
    cause,
  });
  expect(clientError("connection/ended", { message: "no" })).toMatchObject({ message: "no", retryable: false });
});
