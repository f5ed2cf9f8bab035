import { beforeEach, describe, expect, it } from "vitest";
import { principal, SessionWorld } from "../../test/support/session-world.js";
import { NodeTurns, nodeClock } from "../adapters/node/clock.js";
import { policy, type Rule } from "../auth/policy.js";
import type { Session } from "../session/session.js";
import { PolicyControl } from "./policy-control.js";

const rob = principal("rob", "reader");
const denying = (...deny: Rule[]) => policy({ roles: { reader: { deny } } });

describe("the policy of a server", () => {
  let world: SessionWorld;
  let sessions: Set<Session>;
  let control: PolicyControl;
  beforeEach(() => {
    world = new SessionWorld();
    sessions = new Set();
    const { authority } = world.services;
    control = new PolicyControl({ authority, sessions, clock: nodeClock, turns: new NodeTurns() });
  });
  const open = async (who = rob) => {
    const client = await world.open(who);
    sessions.add(client.session);
    return client;
  };

  it("explains what somebody may do, who is connected or who is not", async () => {
    await open();
    expect(control.explain("rob", "publish", "chat/a")).toMatchObject({ isAllowed: false, principal: "rob" });
    expect(control.explain("rob", "subscribe", "chat/a")).toMatchObject({ isAllowed: true, path: ["reader"] });
    expect(control.explain({ id: "ada", roles: ["member"] }, "publish", "chat/a").text).toBe(
      'ada may publish chat/a: allow.publish of "chat/:room", by its role member',
    );
    expect(() => control.explain("ada", "publish", "chat/a")).toThrow(
      expect.objectContaining({ code: "policy/unknown-principal" }),
    );
  });

  it("explains by the roles that the server gave", async () => {
    await control.assign("rob", ["member"]);
    expect(control.explain(rob, "publish", "chat/a")).toMatchObject({ isAllowed: true });
  });

  it("tells who would lose what, and changes nothing", async () => {
    const client = await open();
    const { generation } = world.services.authority;
    await client.ask({ do: "subscribe", channel: "chat/a" });
    await client.ask({ do: "subscribe", channel: "chat/b" });
    await open(principal("ada", "member"));
    sessions.add(world.connect().session);
    const changed = denying({ do: "subscribe", on: "chat/a" }, { do: "presence", on: "*" });
    const rule = 'roles.reader.deny[0] (subscribe on "chat/a")';
    expect(await control.dryRun(changed)).toEqual({
      count: 1,
      losers: [
        {
          session: client.session.id,
          principal: "rob",
          losses: [
            { action: "subscribe", name: "chat/a", rule },
            { action: "history", name: "chat/a", rule },
            {
              action: "presence",
              name: "chat/:room",
              rule: 'nothing would allow presence on "chat/:room" any more',
            },
          ],
        },
      ],
    });
    expect(world.services.authority.generation).toBe(generation);
    expect(await client.settled()).toEqual([]);
    expect(await control.dryRun(policy({ roles: {} }))).toEqual({ count: 0, losers: [] });
  });

  it("refuses what does not fit the contract, and stays as it is", async () => {
    const wrong = denying({ do: "subscribe", on: "caht/a" });
    await expect(control.dryRun(wrong)).rejects.toMatchObject({ code: "policy/invalid" });
    await expect(control.replace(wrong)).rejects.toMatchObject({ code: "policy/invalid" });
    expect(control.explain(rob, "subscribe", "chat/a")).toMatchObject({ isAllowed: true });
  });

  it("has every session judged when it is replaced, or what its conditions look at changes", async () => {
    const clients = await Promise.all([open(), open(), open()]);
    for (const client of clients) await client.ask({ do: "subscribe", channel: "chat/a" });
    let isOpen = true;
    await control.replace(denying({ do: "*", on: "chat/:room", if: () => !isOpen }));
    for (const client of clients) expect(await client.settled()).toEqual([]);
    isOpen = false;
    await control.reconsider();
    for (const client of clients) expect(await client.settled()).toMatchObject([{ push: "unsubscribed" }]);
  });

  it("has a principal's sessions judged when it is given other roles, and nobody else's", async () => {
    const [client, other, ada] = [await open(), await open(), await open(principal("ada", "reader"))];
    for (const one of [client, other, ada]) await one.ask({ do: "subscribe", channel: "chat/a" });
    await control.assign("rob", []);
    for (const one of [client, other]) expect(await one.settled()).toMatchObject([{ push: "unsubscribed" }]);
    expect(await ada.settled()).toEqual([]);
    await control.assign("rob", undefined);
    expect(await client.ask({ do: "subscribe", channel: "chat/a" })).toMatchObject([{ ok: {} }, { push: "presence" }]);
  });
});
