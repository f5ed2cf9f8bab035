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
    connections.enter({ address });
  } catch (error) {
    if (error instanceof HandshakeError) return error;
  }
  throw new Error("it was let in");
}

describe("counting connections", () => {
  it("lets in as many as there may be in all, and tells the next when to come back", () => {
    const connections = count({ connectionsMax: 2 });
    connections.enter({ address: "a" });
    connections.enter({ address: "b" });
    const error = refusal(connections, "c");
    expect([error.code, error.status]).toEqual(["handshake/too-many-connections", 503]);
    expect(error.headers["Retry-After"]).toMatch(/^[1-9]\d*$/);
    connections.leave({ address: "a" });
    connections.enter({ address: "c" });
    expect(connections.total).toBe(2);
  });

  it("lets in as many as one address may have, and does not count the one it refuses", () => {
    const connections = count({ connectionsPerAddressMax: 2 });
    connections.enter({ address: "a" });
    connections.enter({ address: "a" });
    const error = refusal(connections, "a");
    expect([error.code, error.status]).toEqual(["handshake/too-many-from-address", 429]);
    expect(error.headers["Retry-After"]).toMatch(/^[1-9]\d*$/);
    connections.enter({ address: "b" });
    expect(connections.total).toBe(3);
    connections.leave({ address: "a" });
    connections.enter({ address: "a" });
  });

  it("forgets an address whose last connection has gone", () => {
    const connections = count({ connectionsPerAddressMax: 1 });
    for (let round = 0; round < 3; round++) {
      connections.enter({ address: "a" });
      connections.leave({ address: "a" });
    }
    expect(connections.total).toBe(0);
  });

  it("counts a connection for the address that it is found to belong to", () => {
    const connections = count({ connectionsMax: 3, connectionsPerAddressMax: 1 });
    const [one, two] = [{}, {}];
    connections.enter(one);
    connections.enter(two);
    expect(connections.total).toBe(2);
    connections.belong(one, "a");
    expect(() => connections.belong(two, "a")).toThrow(expect.objectContaining({ status: 429 }));
    connections.leave(two);
    expect(refusal(connections, "a").code).toBe("handshake/too-many-from-address");
    connections.leave(one);
    connections.enter({ address: "a" });
    expect(connections.total).toBe(1);
  });
});
