import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStrictObject } from "./strict-json.js";

describe("strict JSON", () => {
  it.each([
    "{}",
    '{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}',
    '{"a":["a","a",":","{",","],"b":"a"}',
    String.raw`{"a":"\"a\":1,\"a\":2","a\"":1,"\\":2}`,
    ' {\n"a" : [ [ ] , { } ] , "constructor" : 1 }',
  ])("is the object that %s is", (text) => {
    expect(parseStrictObject(text)).toEqual(JSON.parse(text));
  });

  it.each([
    '{"a":1,"a":1}',
    String.raw`{"a":1,"\u0061":2}`,
    '{"x":{"a":1,"b":[],"a":2}}',
    '{"x":[{"a":1},{"a":1,"a":1}]}',
    '{"x":[1,2],"x":1}',
    '{"__proto__":1}',
    '{"x":{"y":[{"__proto__":null}]}}',
    "[]",
    "null",
    '"a"',
    "1",
    "",
    "{",
    '{"a":1}{}',
    "{a:1}",
  ])("is nothing for %s", (text) => {
    expect(parseStrictObject(text)).toBeUndefined();
  });

  it("is what JSON.parse makes of every object that JSON.stringify writes", () => {
    const name = fc.string().filter((text) => text !== "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.integer(),
        fc.constant(null),
        fc.array(tie("value")),
        fc.dictionary(name, tie("value")),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(name, value), (object) => {
        const text = JSON.stringify(object);
        expect(parseStrictObject(text)).toEqual(JSON.parse(text));
      }),
    );
  });
});
