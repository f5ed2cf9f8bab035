import { expect, it } from "vitest";
import { systemError } from "./system-error.js";

it("an error of the system says which call it was, and has the system's name for it", () => {
  expect(systemError("read", -104)).toMatchObject({ message: "read ECONNRESET", code: "ECONNRESET" });
});
