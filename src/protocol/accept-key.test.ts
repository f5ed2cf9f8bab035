import { expect, it } from "vitest";
import { acceptKey } from "./accept-key.js";

// RFC 6455, 1.3.
it("a key is accepted with the answer that the RFC shows", () => {
  expect(acceptKey("dGhlIHNhbXBsZSBub25jZQ==")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});
