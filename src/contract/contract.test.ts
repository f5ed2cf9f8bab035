import { describe, expect, it } from "vitest";
import { z } from "zod";
import { channel, contract } from "./contract.js";

const message = z.object({ text: z.string() });

describe("a contract", () => {
  it("knows which kind of channel a name means", () => {
    const rooms = channel({ message });
    const app = contract({ "chat/:room": rooms, news: channel({ message }) });
    expect(app.match("chat/lobby")).toEqual({ pattern: "chat/:room", params: { room: "lobby" }, definition: rooms });
    expect(app.match("weather")).toBeUndefined();
    expect(Object.keys(app.channels)).toEqual(["chat/:room", "news"]);
  });

  it("refuses patterns that are none", () => {
    expect(() => contract({ "chat/*": channel({ message }) })).toThrow(
      expect.objectContaining({ code: "contract/invalid-pattern" }),
    );
  });
});

describe("a channel", () => {
  it("keeps 10,000 messages, has no presence and lets nobody do anything unless it says so", () => {
    expect(channel({ message })).toEqual({ message, presence: undefined, history: { keep: 10_000 }, allow: {} });
    expect(channel({ message, history: {} }).history).toEqual({ keep: 10_000 });
  });

  it("has what it was given", () => {
    const options = {
      message,
      presence: z.object({ name: z.string() }),
      history: { keep: 0 },
      allow: { publish: ["member"] },
    };
    expect(channel(options)).toEqual(options);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses to keep %s messages", (keep) => {
    expect(() => channel({ message, history: { keep } })).toThrow(
      expect.objectContaining({ code: "contract/invalid-history" }),
    );
  });
});
