import { describe, expect, it } from "vitest";
import { z } from "zod";
import { call } from "./call.js";
import { channel } from "./channel.js";
import { contract } from "./contract.js";

const message = z.object({ text: z.string() });

describe("a contract", () => {
  it("knows which kind of channel a name means", () => {
    const rooms = channel({ message });
    const app = contract({ "chat/:room": rooms, news: channel({ message }) });
    expect(app.match("chat/lobby")).toEqual({ pattern: "chat/:room", params: { room: "lobby" }, definition: rooms });
    expect(app.match("weather")).toBeUndefined();
    expect(Object.keys(app.definitions)).toEqual(["chat/:room", "news"]);
  });

  it("holds messages against their channels", () => {
    const app = contract({ "chat/:room": channel({ message }) });
    expect(app.check("chat/lobby", { text: "hi", more: 1 })).toEqual({ isValid: true, value: { text: "hi" } });
    expect(app.check("chat/lobby", {})).toMatchObject({ isValid: false });
    expect(app.check("weather", {})).toBeUndefined();
  });

  it("keeps channels and calls apart, whatever their patterns overlap", () => {
    const cancel = call({ input: message, output: message });
    const app = contract({ "orders/:id": channel({ message }), "orders/:id/cancel": cancel });
    expect(app.matchCall("orders/7/cancel")).toEqual({
      pattern: "orders/:id/cancel",
      params: { id: "7" },
      definition: cancel,
    });
    expect([app.matchCall("orders/7"), app.match("orders/7/cancel")]).toEqual([undefined, undefined]);
  });

  it("refuses a channel and a call of the same names, and what is neither", () => {
    const parts = { "a/:x": channel({ message }), "a/:y": call({ input: message, output: message }) };
    expect(() => contract(parts)).toThrow(expect.objectContaining({ code: "contract/duplicate-pattern" }));
    // @ts-expect-error a definition comes from channel() or call()
    expect(() => contract({ a: { message } })).toThrow(
      expect.objectContaining({ code: "contract/invalid-definition" }),
    );
  });

  it.each([undefined, null, "text"])("refuses %j for a definition", (definition) => {
    // @ts-expect-error a definition comes from channel() or call()
    expect(() => contract({ a: definition })).toThrow(expect.objectContaining({ code: "contract/invalid-definition" }));
  });

  it("refuses patterns that are none", () => {
    expect(() => contract({ "chat/*": channel({ message }) })).toThrow(
      expect.objectContaining({ code: "contract/invalid-pattern" }),
    );
  });
});
