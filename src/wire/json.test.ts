import { describe, expect, it } from "vitest";
import { jsonDepthMax, memberOf, parseJsonObject, readInteger, readObject, readPayload, readString } from "./json.js";

const malformed = (message: string): unknown => expect.objectContaining({ code: "wire/malformed", message });
const nested = (levels: number): string => `{"data":${"[".repeat(levels)}${"]".repeat(levels)}}`;

describe("reading JSON that a peer sent", () => {
  it.each(["", "{", "nonsense", "{'a':1}", "[]", "null", "1", '"text"', "[".repeat(100_000)])(
    "takes only objects, not %.10s",
    (text) => {
      expect(() => parseJsonObject(text)).toThrow(expect.objectContaining({ code: "wire/not-json" }));
    },
  );

  it("sees own members alone", () => {
    const object = parseJsonObject('{"a":1,"__proto__":{"b":2}}');
    expect(memberOf(object, "a")).toBe(1);
    expect(memberOf(object, "b")).toBeUndefined();
    expect(memberOf(object, "toString")).toBeUndefined();
    expect(memberOf(object, "constructor")).toBeUndefined();
  });

  it.each(["{}", '{"m":1}', '{"m":[]}', '{"m":{}}', '{"m":null}', '{"__proto__":{"m":"text"}}'])(
    "wants a string in %s",
    (text) => {
      expect(() => readString(parseJsonObject(text), "m")).toThrow(malformed("`m` must be a string"));
    },
  );

  it.each([
    "{}",
    '{"m":"1"}',
    '{"m":0}',
    '{"m":-1}',
    '{"m":1.5}',
    '{"m":9007199254740993}',
    '{"m":1e999}',
    '{"m":[1]}',
    '{"m":null}',
  ])("wants an integer in %s", (text) => {
    expect(() => readInteger(parseJsonObject(text), "m", 1)).toThrow(malformed("`m` must be an integer of at least 1"));
  });

  it.each(["{}", '{"m":"1"}', '{"m":[]}', '{"m":null}', '{"m":1}'])("wants an object in %s", (text) => {
    expect(() => readObject(parseJsonObject(text), "m")).toThrow(malformed("`m` must be an object"));
  });

  it("gives back what fits", () => {
    const object = parseJsonObject('{"s":"x","n":2,"o":{"p":[1,{"q":null}]},"z":null}');
    expect([readString(object, "s"), readInteger(object, "n", 2), readObject(object, "o")]).toEqual([
      "x",
      2,
      { p: [1, { q: null }] },
    ]);
    expect([readPayload(object, "o"), readPayload(object, "z")]).toEqual([{ p: [1, { q: null }] }, null]);
  });

  it("takes payloads up to the limit of their depth, and none that would overflow a recursion", () => {
    expect(readPayload(parseJsonObject(nested(jsonDepthMax)), "data")).toBeInstanceOf(Array);
    for (const levels of [jsonDepthMax + 1, 30_000]) {
      expect(() => readPayload(parseJsonObject(nested(levels)), "data")).toThrow(
        malformed("`data` is more than 64 levels deep"),
      );
    }
  });

  it.each(['{"__proto__":1}', '{"a":[{"\\u005f_proto__":{}}]}'])(
    "refuses the payload %s, which could change prototypes where it is copied",
    (payload) => {
      expect(() => readPayload(parseJsonObject(`{"data":${payload}}`), "data")).toThrow(
        malformed("`data` has a member called `__proto__`"),
      );
    },
  );

  it("says when a payload is missing", () => {
    expect(() => readPayload({}, "data")).toThrow(malformed("`data` is missing"));
  });
});
