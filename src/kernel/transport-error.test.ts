import { expect, it } from "vitest";
import { transportError } from "./transport-error.js";

it("a connection that broke says why, and that it is worth another try", () => {
  const cause = new Error("read ECONNRESET");
  expect(transportError(cause)).toMatchObject({
    code: "transport/failed",
    message: "the connection failed: read ECONNRESET",
    retryable: true,
    cause,
  });
});
