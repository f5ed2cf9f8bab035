import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { closeKinds, comesBack } from "./close-codes.js";

const documentation = readFileSync("docs/protocol.md", "utf8");

describe("close codes", () => {
  it.each(Object.values(closeKinds).filter(({ code }) => code >= 4000))(
    "$code is documented, with the same consequence",
    ({ code }) => {
      expect(documentation).toMatch(new RegExp(`^\\| ${code} \\| .+ \\| ${comesBack(code) ? "yes" : "no"} \\|$`, "m"));
    },
  );

  it("are as many as the documentation lists", () => {
    const documented = Array.from(documentation.matchAll(/^\| (4\d\d\d) \|/gm), ([, code]) => Number(code));
    expect(documented).toEqual(
      Object.values(closeKinds)
        .map(({ code }) => code)
        .filter((code) => code >= 4000),
    );
  });

  it.each([1001, 1005, 1006, 1011, 1012, 1013, 1014, 4500, 4501, 4999])("a client comes back after %i", (code) => {
    expect(comesBack(code)).toBe(true);
  });

  it.each([1000, 1002, 1003, 1007, 1008, 1009, 1010, 1015, 3000, 4000, 4001, 4499, 5000, Number.NaN])(
    "a client stays away after %i",
    (code) => {
      expect(comesBack(code)).toBe(false);
    },
  );

  it("have reasons that fit into a close frame", () => {
    for (const { reason } of Object.values(closeKinds)) expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });
});
