import { describe, expect, it } from "vitest";
import type { Command } from "../wire/messages.js";
import { requireChannelNames } from "./channel-names.js";

describe("the channels that a command names", () => {
  const commands = (channel: string): readonly Command[] => [
    { id: 1, do: "subscribe", channel },
    { id: 1, do: "publish", channel, data: 1 },
    { id: 1, do: "leave", channel },
    { id: 1, do: "resume", cursors: [{ channel: "a" }, { channel }] },
  ];

  it.each(commands("chat/four"))("may be as long as the limit says ($do)", (command) => {
    expect(() => requireChannelNames(command, 9)).not.toThrow();
  });

  it.each(commands("chat/lobby"))("may not be longer ($do)", (command) => {
    expect(() => requireChannelNames(command, 9)).toThrow(expect.objectContaining({ code: "channel/invalid-name" }));
  });

  it("are none for most commands", () => {
    expect(() => requireChannelNames({ id: 1, do: "ping" }, 1)).not.toThrow();
  });
});
