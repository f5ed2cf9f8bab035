import { describe, expect, it } from "vitest";
import { HeaderMap } from "./header-map.js";

const packed = (headers: HeaderMap): HeaderMap => {
  headers.pack();
  headers.pack();
  return headers;
};

describe.each([
  ["headers", (headers: HeaderMap): HeaderMap => headers],
  ["packed headers", packed],
])("%s", (_name, kept) => {
  const headers = kept(new HeaderMap(["Host", "a", "ACCEPT", "b", "accept", "c, d", "__proto__", "e", "Empty", ""]));

  it("are found by name in any case", () => {
    expect(headers.get("hOST")).toBe("a");
    expect(headers.get("Empty")).toBe("");
  });

  it("that are repeated are joined, or told each by itself", () => {
    expect(headers.get("Accept")).toBe("b, c, d");
    expect(headers.getAll("Accept")).toEqual(["b", "c, d"]);
  });

  it("that did not come are undefined, whatever objects inherit", () => {
    for (const name of ["origin", "constructor", "toString", ""]) {
      expect(headers.get(name)).toBeUndefined();
      expect(headers.getAll(name)).toEqual([]);
    }
  });

  it("can be called __proto__ as any other", () => {
    expect(headers.get("__proto__")).toBe("e");
  });

  it("come in the order in which they were sent, and are counted so", () => {
    expect([...headers]).toEqual([
      ["Host", "a"],
      ["ACCEPT", "b"],
      ["accept", "c, d"],
      ["__proto__", "e"],
      ["Empty", ""],
    ]);
    expect([headers.size, headers.textLength]).toEqual([5, 37]);
    const none = kept(new HeaderMap([]));
    expect([none.size, none.textLength]).toEqual([0, 0]);
  });
});
