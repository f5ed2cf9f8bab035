import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorBody, inReplyTo, wireError, WireError } from "./errors.js";
import type { OkOf, Push } from "./messages.js";
import {
  decodeOk,
  decodeServerMessage,
  encodeError,
  encodeMessagePush,
  encodeOk,
  encodePush,
} from "./server-message-codec.js";

const position = { epoch: "e", offset: 3 };
const member = { member: "s1", id: "ada", state: null };
const error = { code: "server/internal", message: "broken", retryable: true };

describe("a push", () => {
  const pushes: readonly Push[] = [
    { push: "message", channel: "a", offset: 1, data: { text: "hi" }, from: "ada", at: 0 },
    { push: "gap", channel: "a", position },
    { push: "gap", channel: "a", position, lost: { from: 1, to: 3 } },
    { push: "presence", channel: "a", members: [member] },
    { push: "presence", channel: "a", joined: [{ ...member, state: { x: 1 } }], left: ["s2"] },
    { push: "unsubscribed", channel: "a", error: { ...error, retryAfterMs: 0 } },
    { push: "unsubscribed", channel: "a", error },
    { push: "stage", message: "m1", stage: "accepted", dueAt: 5 },
    { push: "stage", message: "m1", stage: "processing", attempt: 1 },
    { push: "stage", message: "m1", stage: "retrying", attempt: 1, dueAt: 5 },
    { push: "stage", message: "m1", stage: "dead" },
    { push: "stage", message: "m1", stage: "delivered", position },
    { push: "stage", message: "m1", stage: "rejected", reason: { why: [1, null] } },
    { push: "stage", message: "m1", stage: "rejected", reason: null },
    { push: "call", call: 1, name: "confirm", input: { sure: true }, deadlineMs: 10 },
    { push: "cancel", call: 1 },
    { push: "goodbye", retryAfterMs: 500 },
  ];

  it.each(pushes)("comes back from the wire as it was: $push", (push) => {
    expect(decodeServerMessage(encodePush(push))).toStrictEqual(push);
  });

  it("of a message is written around its payload, whoever sent it and whatever it holds", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (data, from) => {
        const parts = { channel: "chat/lobby", offset: 9, payload: JSON.stringify(data), from, at: 12 };
        const push = {
          push: "message",
          channel: "chat/lobby",
          offset: 9,
          data: JSON.parse(parts.payload),
          from,
          at: 12,
        };
        expect(decodeServerMessage(encodeMessagePush(parts))).toStrictEqual(push);
      }),
    );
  });

  it("that this side does not know is told apart, to be ignored", () => {
    expect(decodeServerMessage('{"push":"fireworks","size":9}')).toEqual({ push: "unknown", name: "fireworks" });
  });

  it.each([
    '{"push":1}',
    '{"push":"message","channel":"a","offset":0,"data":1,"from":"x","at":1}',
    '{"push":"message","channel":"a","offset":1,"data":1,"from":{},"at":1}',
    '{"push":"gap","channel":"a"}',
    '{"push":"gap","channel":"a","position":{"epoch":"e","offset":1},"lost":[]}',
    '{"push":"presence","channel":"a"}',
    '{"push":"presence","channel":"a","members":{}}',
    '{"push":"presence","channel":"a","members":[null]}',
    '{"push":"presence","channel":"a","joined":[],"left":[1]}',
    '{"push":"unsubscribed","channel":"a","error":"no"}',
    '{"push":"stage","stage":"dead"}',
    '{"push":"stage","message":1,"stage":"dead"}',
    '{"push":"stage","message":"m1"}',
    '{"push":"stage","message":"m1","stage":"processing","attempt":0}',
    '{"push":"stage","message":"m1","stage":"retrying","attempt":1,"dueAt":"soon"}',
    '{"push":"stage","message":"m1","stage":"delivered","position":7}',
    '{"push":"call","call":0,"name":"a","deadlineMs":1}',
    '{"push":"call","call":1,"name":"a"}',
    '{"push":"cancel"}',
    '{"push":"goodbye"}',
  ])("is refused when it is malformed: %s", (text) => {
    expect(decodeServerMessage(text)).toMatchObject({ code: "wire/malformed" });
  });
});

describe("a reply", () => {
  const oks: { readonly [Do in keyof OkOf]: readonly OkOf[Do][] } = {
    hello: [
      { session: "s", principal: { id: "ada", roles: ["member"] } },
      { session: "s", principal: { id: "ada", roles: [] }, expiresInMs: 5, contract: "differs" },
    ],
    refresh: [{}, { expiresInMs: 0 }],
    compare: [{ changed: ["chat/:room"], missing: [] }],
    ping: [{}],
    subscribe: [{ position }],
    resume: [{ cursors: [{ position }, { error }] }],
    unsubscribe: [{}],
    publish: [{ stage: "delivered", position }, { stage: "dropped" }, { stage: "accepted", message: "m1" }],
    follow: [
      { stage: "accepted" },
      { stage: "accepted", dueAt: 5 },
      { stage: "processing", attempt: 1 },
      { stage: "retrying", attempt: 1, dueAt: 5 },
      { stage: "dead" },
      { stage: "delivered" },
      { stage: "delivered", position },
      { stage: "dropped" },
      { stage: "rejected", reason: "rude" },
      { stage: "discarded" },
    ],
    publishAll: [
      { receipts: [{ stage: "delivered", position }, { error }, { stage: "dropped" }] },
      { receipts: [{ stage: "accepted", message: "m1" }] },
    ],
    join: [{ member: "m" }],
    leave: [{}],
    call: [{ output: null }, { output: { id: 1 } }],
    cancel: [{}],
    offer: [{}],
    withdraw: [{}],
    answer: [{}],
  };

  it.each(Object.entries(oks).flatMap(([name, values]) => values.map((ok) => [name as keyof OkOf, ok] as const)))(
    "to %s comes back from the wire as it was",
    (name, ok) => {
      const reply = decodeServerMessage(encodeOk(4, ok));
      expect(reply).toStrictEqual({ re: 4, ok });
      expect(decodeOk(name, { ...ok })).toStrictEqual(ok);
    },
  );

  it.each([
    ["hello", {}],
    ["hello", { session: "s", principal: { id: "ada", roles: "member" } }],
    ["hello", { session: "s", principal: { id: "ada", roles: [1] } }],
    ["subscribe", {}],
    ["publish", { stage: "lost" }],
    ["publish", { stage: "delivered" }],
    ["publish", { stage: "accepted" }],
    ["publishAll", { receipts: [{ stage: "accepted", message: 1 }] }],
    ["follow", {}],
    ["follow", { stage: 1 }],
    ["follow", { stage: "processing", attempt: "first" }],
    ["join", {}],
    ["refresh", { expiresInMs: "soon" }],
    ["compare", { changed: [], missing: [1] }],
    ["resume", { cursors: [{}] }],
    ["resume", { cursors: [{ error: {} }] }],
    ["publishAll", { receipts: [1] }],
  ] as const)("to %s is refused when it is %j", (name, ok) => {
    const refusal = decodeOk(name, ok);
    expect(refusal).toBeInstanceOf(WireError);
    expect(refusal).toMatchObject({ code: "wire/malformed" });
  });

  it("with an error names its command where there is one", () => {
    const refusal = wireError("limit/rate", "slow down", { retryAfterMs: 9 });
    expect(decodeServerMessage(encodeError(refusal))).toStrictEqual({ error: errorBody(refusal) });
    expect(decodeServerMessage(encodeError(inReplyTo(refusal, 3)))).toStrictEqual({ re: 3, error: errorBody(refusal) });
  });

  it("that refuses a call says why, in the handler's words", () => {
    const refusal = wireError("call/refused", "no", { reason: { left: 0 }, re: 3 });
    expect(decodeServerMessage(encodeError(refusal))).toStrictEqual({ re: 3, error: errorBody(refusal) });
    expect(errorBody(refusal)).toMatchObject({ reason: { left: 0 } });
  });

  it.each(["", "[]", "{"])("is no reply when it is %j", (text) => {
    expect(decodeServerMessage(text)).toMatchObject({ code: "wire/not-json" });
  });

  it.each([
    "{}",
    '{"re":1}',
    '{"re":0,"ok":{}}',
    '{"ok":{}}',
    '{"re":1,"ok":[]}',
    '{"re":"1","error":{"code":"a/b","message":"","retryable":false}}',
  ])("is refused when it is malformed: %s", (text) => {
    expect(decodeServerMessage(text)).toMatchObject({ code: "wire/malformed" });
  });

  it("is not worth a second try unless it says so", () => {
    expect(decodeServerMessage('{"error":{"code":"a/b","message":"","retryable":"yes"}}')).toEqual({
      error: { code: "a/b", message: "", retryable: false },
    });
  });
});
