import { describe, expect, it } from "vitest";
import { isChannelName } from "./channel-name.js";

describe("a channel name", () => {
  it.each(["a", "chat/lobby", "A.b_c~d-9", "a/b/c/d", "__proto__", "x".repeat(255)])("can be %s", (name) => {
    expect(isChannelName(name)).toBe(true);
  });

  it.each(["", "/", "/a", "a/", "a//b", "a b", "a\n", "ä", "a:b", "a%2Fb", "a\u0000", '"', "x".repeat(256)])(
    "cannot be %j",
    (name) => {
      expect(isChannelName(name)).toBe(false);
    },
  );
});
