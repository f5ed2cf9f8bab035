import { beforeEach, describe, expect, it } from "vitest";
import { FakeLink } from "../../test/support/session-world.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { wireError } from "../wire/errors.js";
import { Outbox } from "./outbox.js";
import { PushEncoder } from "./push-encoder.js";

describe("an outbox", () => {
  let link: FakeLink;
  let overflows: number;
  let outbox: Outbox;
  beforeEach(() => {
    link = new FakeLink();
    overflows = 0;
    const pushes = new PushEncoder({ clock: new VirtualClock(), sizeMax: 1_000 });
    const limits = { outboxBytesMax: 100 };
    outbox = new Outbox({ limits, pushes }, link, { outboxOverflowed: () => void overflows++ });
  });
  const message = { channel: "a", offset: 1, payload: "0", from: "ada", at: 1 };
  const presence = { kind: "all", channel: "a", members: [] } as const;

  it("sends replies and pushes as they are on the wire", () => {
    outbox.ok<"leave">(1, {});
    outbox.error(wireError("limit/rate", "slow down", { re: 2 }));
    outbox.push({ push: "goodbye", retryAfterMs: 1 });
    expect(outbox.message(message) && outbox.presence(presence)).toBe(true);
    expect(link.take()).toMatchObject([
      { re: 1, ok: {} },
      { re: 2, error: { code: "limit/rate" } },
      { push: "goodbye" },
      { push: "message" },
      { push: "presence" },
    ]);
  });

  it("takes no message and no presence when too much waits, but replies", () => {
    link.bufferedBytes = 99;
    expect([outbox.isBusy, outbox.message(message), outbox.presence(presence)]).toEqual([true, true, true]);
    link.bufferedBytes = 100;
    expect([outbox.message(message), outbox.presence(presence)]).toEqual([false, false]);
    outbox.ok<"leave">(1, {});
    expect(link.take()).toHaveLength(3);
    link.bufferedBytes = 0;
    expect(outbox.isBusy).toBe(false);
  });

  it("tells when a reply has no room", () => {
    link.close(1000, "");
    outbox.ok<"leave">(1, {});
    expect(overflows).toBe(1);
  });
});
