import { beforeEach, describe, expect, it } from "vitest";
import type { Message } from "../hub/store.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { PushEncoder } from "./push-encoder.js";

const messageAt = (offset: number): Message => ({ channel: "a", offset, payload: '{"n":1}', from: "ada", at: 5 });

describe("the encoder of pushes", () => {
  let clock: VirtualClock;
  beforeEach(() => {
    clock = new VirtualClock();
  });

  it("encodes a message as its push, once", () => {
    const pushes = new PushEncoder({ clock, sizeMax: 1_000 });
    const message = messageAt(7);
    const prepared = pushes.message(message);
    expect(prepared.data).toBe('{"push":"message","channel":"a","offset":7,"data":{"n":1},"from":"ada","at":5}');
    pushes.message(messageAt(8));
    expect(pushes.message(message)).toBe(prepared);
  });

  it("tells messages apart that share a slot", () => {
    const pushes = new PushEncoder({ clock, sizeMax: 1_000 });
    const [one, other] = [messageAt(1), messageAt(1025)];
    expect(pushes.message(one).data).toContain('"offset":1,');
    expect(pushes.message(other).data).toContain('"offset":1025,');
    expect(pushes.message(one).data).toContain('"offset":1,');
  });

  it("keeps of large messages what has room, and the newest in any case", () => {
    const pushes = new PushEncoder({ clock, sizeMax: 100 });
    const messages = Array.from({ length: 1100 }, (_, index) => ({ ...messageAt(index), payload: "1".repeat(25) }));
    const prepared = messages.map((message) => pushes.message(message));
    const isKept = (index: number): boolean => {
      const message = messages[index];
      return message !== undefined && pushes.message(message) === prepared[index];
    };
    expect([1099, 1098, 1097, 1096, 1095].map(isKept)).toEqual([true, true, true, true, false]);
    const larger = { ...messageAt(7), payload: "1".repeat(101) };
    const kept = pushes.message(larger);
    expect(pushes.message(larger)).toBe(kept);
    expect(isKept(1099)).toBe(false);
  });

  it("lets go of all messages after a second", () => {
    const pushes = new PushEncoder({ clock, sizeMax: 1_000 });
    const message = messageAt(7);
    for (let time = 0; time < 2; time++) {
      const prepared = pushes.message(message);
      clock.advance(999);
      expect(pushes.message(message)).toBe(prepared);
      clock.advance(1);
      expect(clock.timerCount).toBe(0);
      expect(pushes.message(message)).not.toBe(prepared);
      pushes.forget();
    }
  });

  it("encodes presence, whole or in part, once", () => {
    const pushes = new PushEncoder({ clock, sizeMax: 1_000 });
    const member = { member: "m", id: "ada", state: null };
    const all = { kind: "all", channel: "a", members: [member] } as const;
    const change = { kind: "change", channel: "a", joined: [], left: ["m"] } as const;
    const prepared = pushes.presence(all);
    expect(prepared.data).toBe(JSON.stringify({ push: "presence", channel: "a", members: [member] }));
    expect(pushes.presence(all)).toBe(prepared);
    expect(pushes.presence(change).data).toBe('{"push":"presence","channel":"a","joined":[],"left":["m"]}');
  });
});
