import { describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "./channel.js";

const message = z.object({ text: z.string() });
const code = (name: string): unknown => expect.objectContaining({ code: `contract/invalid-${name}` });

describe("a channel", () => {
  it("keeps 10,000 messages, has no presence and lets nobody do anything unless it says so", () => {
    const history = { keep: 10_000, forMs: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY };
    const bare = {
      kind: "channel",
      message,
      presence: undefined,
      durability: undefined,
      version: undefined,
      allow: {},
    };
    expect(channel({ message })).toEqual({ ...bare, history });
    expect(channel({ message, history: {} }).history).toEqual(history);
  });

  it("has what it was given, times in milliseconds and sizes in bytes", () => {
    const presence = z.object({ name: z.string() });
    const rejection = z.object({ rule: z.number() });
    const allow = { publish: ["member"], subscribe: ["member"], presence: [] };
    const history = { keep: 0, for: "7d", bytes: "64MiB" } as const;
    expect(channel({ message, presence, rejection, allow, history, durability: "disk", version: 2 })).toEqual({
      kind: "channel",
      message,
      presence,
      rejection,
      allow,
      history: { keep: 0, forMs: 604_800_000, bytesMax: 67_108_864 },
      durability: "disk",
      version: 2,
    });
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses to keep %s messages", (keep) => {
    expect(() => channel({ message, history: { keep } })).toThrow(code("history"));
  });

  it("says what is wrong with what only a caller without types can give", () => {
    // @ts-expect-error a message needs a schema
    expect(() => channel({ message: "text" })).toThrow(code("schema"));
    // @ts-expect-error as does a presence
    expect(() => channel({ message, presence: { name: "text" } })).toThrow(code("schema"));
    // @ts-expect-error and a rejection
    expect(() => channel({ message, rejection: "text" })).toThrow(code("schema"));
    // @ts-expect-error roles are lists
    expect(() => channel({ message, allow: { publish: "member" } })).toThrow(code("allow"));
    // @ts-expect-error there is no such durability
    expect(() => channel({ message, durability: "tape" })).toThrow(code("durability"));
    // @ts-expect-error it is called history
    expect(() => channel({ message, keep: 5 })).toThrow(code("option"));
    // @ts-expect-error it is called for
    expect(() => channel({ message, history: { during: "7d" } })).toThrow(code("option"));
    // @ts-expect-error a history has a number
    expect(() => channel({ message, history: 5 })).toThrow(code("option"));
    // @ts-expect-error a number of messages is no text
    expect(() => channel({ message, history: { keep: "5" } })).toThrow(code("history"));
    // @ts-expect-error there is nothing to make a channel of
    expect(() => channel()).toThrow(code("option"));
  });
});
