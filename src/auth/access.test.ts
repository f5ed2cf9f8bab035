import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { silentLogger } from "../kernel/logger.js";
import { Access, decisionsMax } from "./access.js";
import { Authority } from "./authority.js";
import { policy } from "./policy.js";
import type { Principal } from "./principal.js";

const app = contract({
  "chat/:room": channel({ message: z.unknown() }),
  "chat/:room/:topic": channel({ message: z.unknown() }),
});
const ada: Principal = { id: "ada", roles: ["member"], claims: {}, expiresAtMs: undefined };

describe("a session's access", () => {
  let asked: string[];
  let authority: Authority;
  let access: Access;
  beforeEach(() => {
    asked = [];
    const isKnown = (_: Principal, { room }: Readonly<Record<string, string>>): boolean => {
      asked.push(String(room));
      return room !== "closed";
    };
    const rules = policy({ roles: { member: { allow: [{ do: ["subscribe", "publish"], on: "*", if: isKnown }] } } });
    authority = new Authority({ contract: app, policy: rules, logger: silentLogger });
    access = new Access(authority);
  });
  const decide = (room: string, principal = ada, action: "publish" | "subscribe" = "publish"): boolean =>
    access.decide(principal, action, { name: `chat/${room}`, pattern: "chat/:room", params: { room } }).isAllowed;

  it("is decided once for 10,000 questions", () => {
    for (let count = 0; count < 10_000; count++) {
      expect(decide("a")).toBe(true);
      expect(decide("closed")).toBe(false);
    }
    expect(asked).toEqual(["a", "closed"]);
  });

  it("is decided for each action and each name", () => {
    expect([decide("a"), decide("b"), decide("a", ada, "subscribe")]).toEqual([true, true, true]);
    expect(asked).toEqual(["a", "b", "a"]);
    expect(Array.from(access.decided, ({ action, name }) => `${action} ${name}`)).toEqual([
      "subscribe chat/a",
      "publish chat/a",
      "publish chat/b",
    ]);
  });

  it("keeps one object for the answers of one rule by one role", () => {
    const asked = { name: "chat/a", pattern: "chat/:room", params: { room: "a" } };
    const other = { name: "chat/b", pattern: "chat/:room", params: { room: "b" } };
    const closed = { name: "chat/closed", pattern: "chat/:room", params: { room: "closed" } };
    const first = access.decide(ada, "publish", asked);
    expect(access.decide(ada, "subscribe", other)).toBe(first);
    expect(access.decide(ada, "history", other)).toBe(first);
    expect(access.decide(ada, "publish", closed)).toMatchObject({ isAllowed: false });
    expect(access.decide(ada, "publish", asked)).toBe(first);
  });

  it("is decided anew for what has the same name and is something else", () => {
    decide("a");
    access.decide(ada, "publish", { name: "chat/a", pattern: "chat/:room/:topic", params: { room: "x", topic: "y" } });
    expect(asked).toEqual(["a", "x"]);
  });

  it("is decided anew when the policy or the principal is another", () => {
    decide("a");
    const { generation } = access;
    authority.reconsider();
    expect(access.generation).toBe(generation + 1);
    expect([...access.decided]).toEqual([]);
    decide("a");
    expect([...access.decided]).toHaveLength(1);
    access.reconsider();
    expect(access.generation).toBe(generation + 2);
    expect([...access.decided]).toEqual([]);
    decide("a");
    decide("a", { ...ada, roles: [] });
    expect(asked).toEqual(["a", "a", "a"]);
    expect(decide("a", { ...ada, roles: [] })).toBe(false);
    expect(decide("a")).toBe(true);
  });

  it("keeps a bounded number of decisions, the latest", () => {
    for (let room = 0; room <= decisionsMax; room++) decide(String(room));
    expect([...access.decided]).toHaveLength(decisionsMax);
    asked = [];
    decide(String(decisionsMax));
    decide("1");
    expect(asked).toEqual([]);
    decide("0");
    expect(asked).toEqual(["0"]);
  });
});
