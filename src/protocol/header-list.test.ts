import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasToken, parseExtensions, splitList, type Extension } from "./header-list.js";

describe("a list", () => {
  it.each([
    ["", []],
    [" , ,\t", []],
    ["a", ["a"]],
    [" a ,b,, c d\t", ["a", "b", "c d"]],
  ])("%j has its elements", (value, elements) => {
    expect(splitList(value)).toEqual(elements);
  });

  it("has a token in any case, and as a whole element", () => {
    expect(hasToken("keep-alive, Upgrade", "upgrade")).toBe(true);
    expect(hasToken("UPGRADE", "upgrade")).toBe(true);
    expect(hasToken("upgrade-insecure, my upgrade", "upgrade")).toBe(false);
    expect(hasToken("", "upgrade")).toBe(false);
    expect(hasToken(undefined, "upgrade")).toBe(false);
  });
});

describe("a list of extensions", () => {
  it.each<[string, readonly Extension[]]>([
    ["foo", [{ name: "foo", parameters: [] }]],
    [
      'foo; bar; baz=2;quux = "1.0" , , x;y="z\\w"\t',
      [
        {
          name: "foo",
          parameters: [
            ["bar", undefined],
            ["baz", "2"],
            ["quux", "1.0"],
          ],
        },
        { name: "x", parameters: [["y", "zw"]] },
      ],
    ],
    [
      "a;b;b=1, a",
      [
        {
          name: "a",
          parameters: [
            ["b", undefined],
            ["b", "1"],
          ],
        },
        { name: "a", parameters: [] },
      ],
    ],
    [",,__proto__;constructor=a,", [{ name: "__proto__", parameters: [["constructor", "a"]] }]],
  ])("%j is read", (value, extensions) => {
    expect(parseExtensions(value)).toEqual(extensions);
  });

  it.each([
    "",
    " ",
    ",",
    ";",
    "a;",
    "a;;b",
    "a b",
    "a; b c",
    "a; =b",
    "a; b=",
    "a; b==c",
    "a=b",
    "a, b;",
    "a; b=,c",
    'a; b="',
    'a; b="c',
    'a; b="c\\',
    'a; b="c\\"',
    'a; b=""',
    'a; b="c d"',
    'a; b="c,d"',
    'a; b="c"d',
    'a; b=c"d"',
    'a; "b"=c',
    "a; b='é'",
    "é",
    "a\u00a0",
  ])("%j is none", (value) => {
    expect(parseExtensions(value)).toBeUndefined();
  });

  it("is read as it was written, with blanks and quotes anywhere", () => {
    const token = fc.string({ unit: fc.constantFrom(...Array.from("aZ0!#$%&'*+-.^_`|~")), minLength: 1, maxLength: 6 });
    const blanks = fc.string({ unit: fc.constantFrom(" ", "\t"), maxLength: 2 });
    const escaped = (text: string): string => `"${Array.from(text, (character) => `\\${character}`).join("")}"`;
    const written = fc.constantFrom(
      (text: string) => text,
      (text: string) => `"${text}"`,
      escaped,
    );
    const parameter = fc.tuple(token, fc.option(token, { nil: undefined }));
    const extension = fc.record({ name: token, parameters: fc.array(parameter, { maxLength: 4 }) });
    const extensions = fc.array(extension, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(extensions, blanks, written, (list, blank, write) => {
        const around = (sign: string): string => `${blank}${sign}${blank}`;
        const texts = list.map(({ name, parameters }) =>
          [
            name,
            ...parameters.map(([key, value]) => (value === undefined ? key : key + around("=") + write(value))),
          ].join(around(";")),
        );
        expect(parseExtensions(blank + texts.join(around(",")) + blank)).toEqual(list);
      }),
    );
  });

  // ws CVE-2021-32640 and websocket-extensions CVE-2020-7662 took quadratic or exponential time on such values. Here
  // the length is 16 times a head's limit: quadratic time would be minutes, and the test's time limit shows it.
  const length = 256 * 1024;
  it.each<[string, string, boolean]>([
    ["one letter", "a".repeat(length), true],
    ["blanks", " ".repeat(length), false],
    ["a letter, blanks, a letter", `a${" ".repeat(length)}b`, false],
    ["letters and blanks by turns", "a ".repeat(length / 2), false],
    ["escapes without an end", `a; b="${"\\c".repeat(length / 2)}`, false],
    ["escapes with an end", `a; b="${"\\c".repeat(length / 2)}"`, true],
    ["escapes and then a letter", `a; b="${"\\c".repeat(length / 2)}"d`, false],
    ["backslashes", `a; b="${"\\".repeat(length)}`, false],
    ["semicolons", `a${";".repeat(length)}`, false],
    ["parameters", `a${";b".repeat(length / 2)}`, true],
    ["commas", ",".repeat(length), false],
    ["extensions", "a,".repeat(length / 2), true],
  ])("takes no long time on %s", (_, value, isList) => {
    expect(parseExtensions(value) !== undefined).toBe(isList);
    expect(hasToken(value, "upgrade")).toBe(false);
  });
});
