import { describe, expect, it } from "vitest";
import { FakeLink, principal, SessionWorld } from "../../test/support/session-world.js";
import type { WireError } from "../wire/errors.js";
import { Attendance, type AttendanceCommand } from "./attendance.js";
import { HeldMessages } from "./held-messages.js";
import { Outbox } from "./outbox.js";

/** An attendance by itself, on a link in memory. */
function attend(world: SessionWorld, roles: readonly string[] = ["member"]) {
  const link = new FakeLink();
  const refusals: WireError[] = [];
  const { services } = world;
  const owner = {
    isOver: false,
    held: new HeldMessages(),
    outbox: new Outbox(services, link, { outboxOverflowed: () => undefined }),
    close: () => undefined,
    answerRefusal: (error: WireError) => void refusals.push(error),
  };
  const names = { session: "s1", member: "m1", producer: undefined };
  const attendance = new Attendance(services, owner, { ...names, principal: principal("ada", ...roles) });
  const ask = async (command: AttendanceCommand): Promise<Record<string, unknown>[]> => {
    await attendance.carryOut(command);
    await world.clock.settle();
    return link.take();
  };
  return { ask, attendance, link, refusals, over: () => void (owner.isOver = true) };
}

describe("an attendance", () => {
  it("carries out every command, and answers each", async () => {
    const { ask } = attend(new SessionWorld());
    const channel = "chat/a";
    expect(await ask({ id: 1, do: "ping" })).toEqual([{ re: 1, ok: {} }]);
    expect(await ask({ id: 2, do: "subscribe", channel })).toMatchObject([{ re: 2 }, { push: "presence" }]);
    expect(await ask({ id: 3, do: "publish", channel, data: { text: "1" } })).toContainEqual(
      expect.objectContaining({ re: 3 }),
    );
    expect(await ask({ id: 4, do: "publishAll", channel, messages: [] })).toEqual([{ re: 4, ok: { receipts: [] } }]);
    expect(await ask({ id: 5, do: "join", channel, state: { name: "Ada" } })).toContainEqual({
      re: 5,
      ok: { member: "m1" },
    });
    expect(await ask({ id: 6, do: "leave", channel })).toContainEqual({ re: 6, ok: {} });
    expect(await ask({ id: 7, do: "unsubscribe", channel })).toEqual([{ re: 7, ok: {} }]);
    expect(await ask({ id: 8, do: "resume", cursors: [{ channel }] })).toMatchObject([{ re: 8 }, {}]);
    expect(await ask({ id: 9, do: "compare", parts: {} })).toMatchObject([{ re: 9, ok: { changed: [] } }]);
    await expect(ask({ id: 10, do: "follow", message: "x" })).rejects.toMatchObject({ code: "message/unknown" });
    await expect(ask({ id: 11, do: "offer", name: "nothing" })).rejects.toMatchObject({ code: "call/unknown" });
  });

  it("reports the refusal of a publish with its number, and nothing once it is over", async () => {
    const { ask, over, refusals } = attend(new SessionWorld());
    await ask({ id: 1, do: "publish", channel: "chat/a", data: { text: "" } });
    expect(refusals).toMatchObject([{ code: "message/invalid", re: 1 }]);
    over();
    await ask({ id: 2, do: "publish", channel: "chat/a", data: { text: "" } });
    expect(await ask({ id: 3, do: "publish", channel: "chat/a", data: { text: "x" } })).toEqual([]);
    expect(refusals).toHaveLength(1);
  });

  it("ends what another principal's roles do not allow", async () => {
    const world = new SessionWorld();
    const { ask, attendance, link } = attend(world);
    await ask({ id: 1, do: "subscribe", channel: "chat/a" });
    await ask({ id: 2, do: "join", channel: "chat/a", state: { name: "Ada" } });
    attendance.principal = principal("ada");
    attendance.judge();
    expect(attendance.principal.roles).toEqual([]);
    expect(link.take()).toMatchObject([{ push: "unsubscribed", error: { code: "policy/denied" } }]);
    await world.clock.pass(50);
    expect(world.hub.channelCount).toBe(0);
  });

  it("gives everything back at its end", async () => {
    const world = new SessionWorld();
    const { ask, attendance } = attend(world);
    await ask({ id: 1, do: "subscribe", channel: "chat/a" });
    await ask({ id: 2, do: "join", channel: "chat/b", state: { name: "Ada" } });
    attendance.end("leave");
    await world.clock.pass(50);
    expect(world.hub.channelCount).toBe(0);
  });
});
