import { describe, expect, it } from "vitest";
import { principal, roomContract } from "../../test/support/session-world.js";
import { permit } from "./permission.js";

describe("permission", () => {
  it("is given for what a role allows on the channel's kind", () => {
    const match = permit({ contract: roomContract, principal: principal("ada", "member") }, "chat/lobby", "publish");
    expect(match).toMatchObject({ pattern: "chat/:room", params: { room: "lobby" } });
  });

  it.each([
    ["publish", "ada may not publish to secret"],
    ["subscribe", "ada may not subscribe to secret"],
    ["presence", "ada may not be present on secret"],
  ] as const)("to %s is refused where nothing is said", (what, message) => {
    const refusal = expect.objectContaining({ code: "policy/denied", message });
    expect(() =>
      permit({ contract: roomContract, principal: principal("ada", "member", "admin") }, "secret", what),
    ).toThrow(refusal);
  });

  it("is refused for channels that there are not", () => {
    expect(() =>
      permit({ contract: roomContract, principal: principal("ada", "member") }, "nowhere", "publish"),
    ).toThrow(expect.objectContaining({ code: "channel/unknown" }));
  });
});
