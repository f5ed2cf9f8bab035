import { describe, expect, it } from "vitest";
import type { ServerLimits } from "./options.js";
import { checkLimits, serverLimits } from "./limits.js";

describe("the limits of a server", () => {
  it("are all numbers above 0, so that each of them can be given as it is", () => {
    expect(() => checkLimits(serverLimits)).not.toThrow();
    expect(() => checkLimits({})).not.toThrow();
    expect(() => checkLimits({ socket: { connectionsPerAddressMax: 5 }, memory: {} })).not.toThrow();
  });

  it.each<[string, unknown, string]>([
    ["a part", { sockets: {} }, "there is no option limits.sockets; there are socket, session,"],
    [
      "a name",
      { session: { subscriptionMax: 1 } },
      "there is no option limits.session.subscriptionMax; there are hello",
    ],
    ["a name of Object's", { session: { toString: 1 } }, "there is no option limits.session.toString"],
    ["a limit of another part", { socket: { outboxBytesMax: 1 } }, "there is no option limits.socket.outboxBytesMax"],
    ["undefined", { session: { callsMax: undefined } }, "the option limits.session.callsMax is a number above 0"],
    ["text", { hub: { leaseMs: "30s" } }, "the option limits.hub.leaseMs is a number above 0"],
    [
      "no number",
      { pipeline: { waitingMax: Number.NaN } },
      "the option limits.pipeline.waitingMax is a number above 0",
    ],
    ["zero", { memory: { bytesMax: 0 } }, "the option limits.memory.bytesMax is a number above 0"],
  ])("are refused where %s is none", (_, limits, message) => {
    expect(() => checkLimits(limits as ServerLimits)).toThrow(
      expect.objectContaining({ code: "options/invalid", message: expect.stringContaining(message) }),
    );
  });
});
