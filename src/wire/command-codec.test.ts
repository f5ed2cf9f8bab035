import { describe, expect, it } from "vitest";
import { decodeCommand, encodeCommand } from "./command-codec.js";
import { WireError } from "./errors.js";
import type { Command } from "./messages.js";

const commands: readonly Command[] = [
  { id: 1, do: "hello" },
  { id: 1, do: "hello", auth: { scheme: "basic", username: "ada", password: "" } },
  { id: 1, do: "hello", auth: { scheme: "bearer", token: "t" } },
  { id: 1, do: "hello", client: "0123456789abcdef", contract: "f" },
  { id: 1, do: "refresh", auth: { scheme: "bearer", token: "t" } },
  { id: 1, do: "compare", parts: { "chat/:room": "f", toString: "g" } },
  { id: 1, do: "ping" },
  { id: 2, do: "subscribe", channel: "chat/lobby" },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: "now" },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: "start" },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: { last: 50 } },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: { epoch: "e", offset: 0 } },
  { id: 2, do: "subscribe", channel: "chat/lobby", policy: { kind: "all" } },
  { id: 2, do: "subscribe", channel: "chat/lobby", policy: { kind: "latest" } },
  { id: 2, do: "subscribe", channel: "chat/lobby", from: "start", policy: { kind: "latest", key: "symbol" } },
  { id: 2, do: "subscribe", channel: "chat/lobby", policy: { kind: "disconnect" } },
  { id: 2, do: "resume", cursors: [] },
  {
    id: 2,
    do: "resume",
    cursors: [
      { channel: "a", from: { last: 0 } },
      { channel: "b", policy: { kind: "all" } },
    ],
  },
  { id: 3, do: "unsubscribe", channel: "constructor" },
  { id: 4, do: "publish", channel: "a", data: { text: "hello", tags: [1, null, true] } },
  { id: 4, do: "publish", channel: "a", data: null },
  { id: 4, do: "publish", channel: "a", data: 1, seq: 1 },
  { id: 4, do: "publish", channel: "a", data: 1, seq: 1, ageMs: 0 },
  { id: 4, do: "publishAll", channel: "a", messages: [1, { x: [] }] },
  { id: 4, do: "publishAll", channel: "a", messages: [], seq: 9, ageMs: 10 },
  { id: 4, do: "publish", channel: "a", data: 1, deliverAt: 0 },
  { id: 4, do: "publish", channel: "a", data: 1, seq: 2, ageMs: 1, after: 60_000 },
  { id: 4, do: "publishAll", channel: "a", messages: [1], seq: 3, deliverAt: 1_900_000_000_000 },
  { id: 4, do: "publishAll", channel: "a", messages: [1], after: 0 },
  { id: 5, do: "follow", message: "m1" },
  { id: 5, do: "join", channel: "a" },
  { id: 5, do: "join", channel: "a", state: { name: "Ada" } },
  { id: Number.MAX_SAFE_INTEGER, do: "leave", channel: "a" },
  { id: 6, do: "call", name: "orders/create" },
  { id: 6, do: "call", name: "orders/create", input: null, deadlineMs: 1 },
  { id: 6, do: "cancel", call: 5 },
  { id: 6, do: "offer", name: "confirm" },
  { id: 6, do: "withdraw", name: "confirm" },
  { id: 6, do: "answer", call: 1, output: { is: "fine" } },
  {
    id: 6,
    do: "answer",
    call: 1,
    error: { code: "call/refused", message: "", retryable: false, reason: { why: 1 }, retryAfterMs: 0 },
  },
];

const many = (count: number, item: string): string => `[${Array.from({ length: count }, () => item).join(",")}]`;

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
    ['{"id":7,"do":"hello","client":"too short"}', "wire/malformed", 7],
    ['{"id":7,"do":"hello","client":"not for everybody!"}', "wire/malformed", 7],
    ['{"id":7,"do":"refresh"}', "wire/malformed", 7],
    ['{"id":7,"do":"compare","parts":{"a":1}}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","policy":"latest"}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","policy":{"kind":"newest"}}', "wire/malformed", 7],
    ['{"id":7,"do":"subscribe","channel":"a","policy":{"kind":"latest","key":1}}', "wire/malformed", 7],
    ['{"id":7,"do":"resume","cursors":{}}', "wire/malformed", 7],
    ['{"id":7,"do":"resume","cursors":[1]}', "wire/malformed", 7],
    ['{"id":7,"do":"resume","cursors":[{"channel":"a b"}]}', "channel/invalid-name", 7],
    ['{"id":7,"do":"publish","channel":"a","data":1,"seq":0}', "wire/malformed", 7],
    ['{"id":7,"do":"publish","channel":"a","data":1,"seq":1,"ageMs":-1}', "wire/malformed", 7],
    ['{"id":7,"do":"publishAll","channel":"a","messages":1000000000}', "wire/malformed", 7],
    ['{"id":7,"do":"publishAll","channel":"a","messages":[{"__proto__":1}]}', "wire/malformed", 7],
    ['{"id":7,"do":"publish","channel":"a","data":1,"deliverAt":-1}', "wire/malformed", 7],
    ['{"id":7,"do":"publish","channel":"a","data":1,"deliverAt":"2027-01-01T00:00:00Z"}', "wire/malformed", 7],
    ['{"id":7,"do":"publish","channel":"a","data":1,"after":0.5}', "wire/malformed", 7],
    ['{"id":7,"do":"publish","channel":"a","data":1,"deliverAt":1,"after":1}', "wire/malformed", 7],
    ['{"id":7,"do":"publishAll","channel":"a","messages":[1],"deliverAt":1,"after":1}', "wire/malformed", 7],
    ['{"id":7,"do":"publishAll","channel":"a","messages":[1],"after":-1}', "wire/malformed", 7],
    ['{"id":7,"do":"follow"}', "wire/malformed", 7],
    ['{"id":7,"do":"follow","message":1}', "wire/malformed", 7],
    ['{"id":7,"do":"call","name":"a b"}', "wire/malformed", 7],
    ['{"id":7,"do":"call","name":"a","deadlineMs":0}', "wire/malformed", 7],
    ['{"id":7,"do":"call","name":"a","input":{"__proto__":1}}', "wire/malformed", 7],
    ['{"id":7,"do":"cancel"}', "wire/malformed", 7],
    ['{"id":7,"do":"offer"}', "wire/malformed", 7],
    ['{"id":7,"do":"answer","call":1}', "wire/malformed", 7],
    ['{"id":7,"do":"answer","output":1}', "wire/malformed", 7],
    ['{"id":7,"do":"answer","call":1,"error":{"code":"a/b"}}', "wire/malformed", 7],
    [
      '{"id":7,"do":"answer","call":1,"error":{"code":"a/b","message":"","reason":{"__proto__":1}}}',
      "wire/malformed",
      7,
    ],
  ])("%s is %s", (text, code, re) => {
    const refusal = decodeCommand(text);
    expect(refusal).toBeInstanceOf(WireError);
    expect(refusal).toMatchObject({ code, re });
  });

  it.each([
    [`{"id":7,"do":"publishAll","channel":"a","messages":${many(1001, "1")}}`, "`messages` holds more than 1000"],
    [`{"id":7,"do":"resume","cursors":${many(1001, '{"channel":"a"}')}}`, "`cursors` holds more than 1000"],
    [
      JSON.stringify({
        id: 7,
        do: "compare",
        parts: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [n, ""])),
      }),
      "`parts` holds more than 1000",
    ],
  ])("has too many parts: %.40s", (text, message) => {
    expect(decodeCommand(text)).toMatchObject({ code: "wire/malformed", message });
  });

  it.each(wrongTypes)("names the member that holds %s", (value) => {
    const cases: [string, string][] = [
      [`{"id":1,"do":${value}}`, "`do`"],
      [`{"id":${value === "1" ? "[1]" : value},"do":"hello"}`, "`id`"],
      [`{"id":1,"do":"leave","channel":${value}}`, "`channel`"],
      [`{"id":1,"do":"follow","message":${value}}`, "`message`"],
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
