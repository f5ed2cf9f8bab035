import { describe, expect, it } from "vitest";
import { closeCodes, mayTravel } from "./close-code.js";

describe("a close code", () => {
  // RFC 6455, 7.4.1 and 7.4.2; 1012 to 1014 are from IANA's registry.
  it("may travel when it is registered for the wire, or free for libraries and applications", () => {
    const travelling = Array.from({ length: 65_536 }, (_, code) => code).filter(mayTravel);
    const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    const free = Array.from({ length: 2000 }, (_, index) => 3000 + index);
    expect(travelling).toEqual([...registered, ...free]);
  });

  it.each([1000.5, 3000.1, Number.NaN, Number.POSITIVE_INFINITY, -1000])("cannot be %d", (code) => {
    expect(mayTravel(code)).toBe(false);
  });

  it("that only tells what happened does not travel, and all others that busbar names do", () => {
    const own: readonly number[] = Object.values(closeCodes);
    expect(own.filter((code) => !mayTravel(code))).toEqual([closeCodes.noStatus, closeCodes.abnormal]);
  });
});
