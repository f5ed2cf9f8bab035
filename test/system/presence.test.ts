import { describe, expect, it } from "vitest";
import { BusGround } from "../support/bus-ground.js";
import { RawClient } from "../support/raw-client.js";

const ground = new BusGround();
const channel = "chat/lobby";

describe("presence", () => {
  it("shows who is there to who is subscribed: those who are, then who comes and goes", async () => {
    const [ada, bob, rob] = await ground.serveTo("ada", "bob", "rob");
    const { member } = Object((await ada.ask({ do: "join", channel, state: { name: "Ada" } }))["ok"]);
    await rob.ask({ do: "subscribe", channel });
    expect(await rob.push("presence")).toEqual({
      push: "presence",
      channel,
      members: [{ member, id: "ada", state: { name: "Ada" } }],
    });
    // What came just before the list is told once more.
    expect(await rob.push("presence")).toMatchObject({ joined: [{ member }], left: [] });
    await bob.ask({ do: "join", channel, state: { name: "Bob" } });
    expect(await rob.push("presence")).toMatchObject({ joined: [{ id: "bob", state: { name: "Bob" } }], left: [] });
    await ada.ask({ do: "leave", channel });
    expect(await rob.push("presence")).toMatchObject({ joined: [], left: [member] });
  });

  it("ends once, a lease after a connection was cut", async () => {
    const { url } = await ground.serve({ limits: { hub: { leaseMs: 100 } } });
    const ada = await RawClient.login(url, "ada", "lovelace");
    const bob = await RawClient.login(url, "bob", "builder");
    await bob.ask({ do: "subscribe", channel });
    await bob.push("presence");
    await ada.ask({ do: "join", channel, state: { name: "Ada" } });
    await bob.push("presence");
    ada.cut();
    expect(await bob.push("presence")).toMatchObject({ joined: [], left: [expect.any(String)] });
  });

  it("takes only what the contract says", async () => {
    const [ada] = await ground.serveTo("ada");
    expect(await ada.ask({ do: "join", channel, state: { name: 7 } })).toMatchObject({
      error: { code: "message/invalid", message: expect.stringContaining("name") },
    });
    expect(await ada.ask({ do: "join", channel: "board/b" })).toMatchObject({ error: { code: "policy/denied" } });
  });
});
