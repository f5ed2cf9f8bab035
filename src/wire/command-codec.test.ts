import { describe, expect, it } from "vitest";
import { decodeCommand, encodeCommand } from "./command-codec.js";
import { WireError } from "./errors.js";
import type { Command } from "./messages.js";

const commands: readonly Command[] = [
  { id: 1, do: "hello" },
  { id: 1, do: "hello", auth: { scheme: "basic", username: "ada", password: "" } },
  { id: 1, do: "hello", auth: { scheme: "bearer", token: "t" } },
  { id: 2, do: "subscribe", channel: "chat/lobby" },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: "now" },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: "start" },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: { last: 50 } },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: { epoch: "e", offset: 0 } },
  { id: 3, do: "unsubscribe", channel: "constructor" },
  { id: 4, do: "publish", channel: "a", data: { text: "hello", tags: [1, null, true] } },
  { id: 4, do: "publish", channel: "a", data: null },
  { id: 5, do: "join", channel: "a" },
  { id: 5, do: "join", channel: "a", state: { name: "Ada" } },
  { id: Number.MAX_SAFE_INTEGER, do: "leave", channel: "a" },
];

describe("a command", () => {
  it.each(commands)("comes back from the wire as it was: $do $channel $from $data $state", (command) => {
    expect(decodeCommand(encodeCommand(command))).toStrictEqual(command);
  });

  it("loses members that nobody knows", () => {
    expect(decodeCommand('{"id":1,"do":"leave","channel":"a","extra":1,"__proto__":{"x":1}}')).toStrictEqual({
      id: 1,
      do: "leave",
      channel: "a",
    });
  });

  it("cannot be written when its payload is no JSON", () => {
    expect(() => encodeCommand({ id: 1, do: "publish", channel: "a", data: 1n })).toThrow(
      expect.objectContaining({ code: "message/invalid" }),
    );
  });
});

/** What a hostile or broken client puts where a string or an object belongs (see the limits' list of attacks). */
const wrongTypes = ["null", "1", "[]", '["a"]', "true", '{"toString":1}', '{"__proto__":null}', '{"constructor":"x"}'];

describe("a refused command", () => {
  it.each([
    ["not JSON at all", "wire/not-json", undefined],
    ["[]", "wire/not-json", undefined],
    ['{"do":"hello"}', "wire/malformed", undefined],
    ['{"id":0,"do":"hello"}', "wire/malformed", undefined],
    ['{"id":"1","do":"hello"}', "wire/malformed", undefined],
    ['{"__proto__":{"id":1,"do":"hello"}}', "wire/malformed", undefined],
    ['{"id":7}', "wire/malformed", 7],
    ['{"id":7,"do":"__proto__"}', "wire/unknown-command", 7],
    ['{"id":7,"do":"constructor"}', "wire/unknown-command", 7],
    ['{"id":7,"do":"leave","channel":"a b"}', "channel/invalid-name", 7],
    ['{"id":7,"do":"publish","channel":"a"}', "wire/malformed", 7],
    ['{"id":7,"do":"publish","channel":"a","data":{"__proto__":1}}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","from":"yesterday"}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","from":{}}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","from":{"last":-1}}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","from":{"last":1000000000000000000000}}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","from":{"epoch":"e","offset":1.5}}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","from":{"epoch":1,"offset":1}}', "wire/malformed", 7],
    ['{"id":7,"do":"hello","auth":{"scheme":"magic"}}', "wire/malformed", 7],
    ['{"id":7,"do":"hello","auth":{"scheme":"basic","username":"ada"}}', "wire/malformed", 7],
  ])("%s is %s", (text, code, re) => {
    const refusal = decodeCommand(text);
    expect(refusal).toBeInstanceOf(WireError);
    expect(refusal).toMatchObject({ code, re });
  });

  it.each(wrongTypes)("names the member that holds %s", (value) => {
    const cases: [string, string][] = [
      [`{"id":1,"do":${value}}`, "`do`"],
      [`{"id":${value === "1" ? "[1]" : value},"do":"hello"}`, "`id`"],
      [`{"id":1,"do":"leave","channel":${value}}`, "`channel`"],
      [`{"id":1,"do":"hello","auth":{"scheme":${value}}}`, "`scheme`"],
      [`{"id":1,"do":"hello","auth":{"scheme":"bearer","token":${value}}}`, "`token`"],
      [`{"id":1,"do":"hello","auth":{"scheme":"basic","username":${value},"password":"p"}}`, "`username`"],
      [`{"id":1,"do":"subscribe","channel":"a","from":{"epoch":${value},"offset":1}}`, "`epoch`"],
      [
        `{"id":1,"do":"subscribe","channel":"a","from":{"epoch":"e","offset":${value === "1" ? '"1"' : value}}}`,
        "`offset`",
      ],
      [`{"id":1,"do":"subscribe","channel":"a","from":{"last":${value === "1" ? '"1"' : value}}}`, "`last`"],
    ];
    for (const [text, member] of cases) {
      expect(decodeCommand(text), text).toMatchObject({
        code: "wire/malformed",
        message: expect.stringContaining(member),
      });
    }
  });

  it.each(["null", "1", "[]", '"basic"', "true"])(
    "does not take %s for credentials or for a place to begin",
    (value) => {
      expect(decodeCommand(`{"id":1,"do":"hello","auth":${value}}`)).toMatchObject({
        code: "wire/malformed",
        message: "`auth` must be an object",
      });
      expect(decodeCommand(`{"id":1,"do":"subscribe","channel":"a","from":${value}}`)).toMatchObject({
        code: "wire/malformed",
      });
    },
  );
});
