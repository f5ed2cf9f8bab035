import { describe, expect, it } from "vitest";
import { HandshakeError } from "../protocol/errors.js";
import { ConnectionCount } from "./connection-count.js";
import { limitDefaults } from "./options.js";

function count(limits: { connectionsMax?: number; connectionsPerAddressMax?: number } = {}): ConnectionCount {
  return new ConnectionCount({ ...limitDefaults, ...limits });
}

/** What `enter` refuses with. */
function refusal(connections: ConnectionCount, address: string): HandshakeError {
  try {
    connections.enter(address);
  } catch (error) {
    if (error instanceof HandshakeError) return error;
  }
  throw new Error("it was let in");
}

describe("counting connections", () => {
  it("lets in as many as there may be in all, and tells the next when to come back", () => {
    const connections = count({ connectionsMax: 2 });
    connections.enter("a");
    connections.enter("b");
    const error = refusal(connections, "c");
    expect([error.code, error.status]).toEqual(["handshake/too-many-connections", 503]);
    expect(error.headers["Retry-After"]).toMatch(/^[1-9]\d*$/);
    connections.leave("a");
    connections.enter("c");
    expect(connections.total).toBe(2);
  });

  it("lets in as many as one address may have, and does not count the one it refuses", () => {
    const connections = count({ connectionsPerAddressMax: 2 });
    connections.enter("a");
    connections.enter("a");
    const error = refusal(connections, "a");
    expect([error.code, error.status]).toEqual(["handshake/too-many-from-address", 429]);
    expect(error.headers["Retry-After"]).toMatch(/^[1-9]\d*$/);
    connections.enter("b");
    expect(connections.total).toBe(3);
    connections.leave("a");
    connections.enter("a");
  });

  it("forgets an address whose last connection has gone", () => {
    const connections = count({ connectionsPerAddressMax: 1 });
    for (let round = 0; round < 3; round++) {
      connections.enter("a");
      connections.leave("a");
    }
    expect(connections.total).toBe(0);
  });
});
