import { describe, expect, it } from "vitest";
import { collect, ground } from "../../test/client/ground.js";
import { wireError } from "../wire/errors.js";

const joins = (server: { commands: readonly { do: string }[] }): string[] =>
  server.commands.map((command) => command.do).filter((name) => name === "join" || name === "leave");

describe("being seen in a channel", () => {
  it("lasts as long as the loop", async () => {
    const { clock, server, open } = ground();
    const stop = new AbortController();
    const seen = collect(
      open()
        .channel("a")
        .presence({ state: { name: "Ada" }, signal: stop.signal }),
    );
    await clock.pass(1);
    expect(seen).toMatchObject([[{ member: "m1", id: "anonymous", state: { name: "Ada" } }]]);
    stop.abort();
    await clock.pass(1);
    expect(joins(server)).toEqual(["join", "leave"]);
  });

  it("is asked for again on every connection", async () => {
    const { clock, network, server, open } = ground();
    collect(open().channel("a").presence({ state: 1 }));
    await clock.pass(1);
    network.cut();
    await clock.pass(501);
    expect(server.commands.filter((command) => command.do === "join")).toMatchObject([{ state: 1 }, { state: 1 }]);
  });

  it("is not asked for by those who only watch", async () => {
    const { clock, server, open } = ground();
    collect(open().channel("a").presence());
    await clock.pass(1);
    expect(joins(server)).toEqual([]);
  });

  it("is one for each channel", () => {
    const channel = ground().open().channel("a");
    channel.presence({ state: 1 });
    channel.presence();
    expect(() => channel.presence({ state: 2 })).toThrow(expect.objectContaining({ code: "subscription/in-use" }));
  });

  it("can end and begin again while the first is under way", async () => {
    const { clock, server, open } = ground(2, { latencyMsMax: 40 });
    const channel = open().channel("a");
    await clock.pass(200);
    const stop = new AbortController();
    collect(channel.presence({ state: "first", signal: stop.signal }));
    stop.abort();
    const seen = collect(channel.presence({ state: "second" }));
    await clock.pass(500);
    expect(seen.at(-1)).toMatchObject([{ state: "second" }]);
    expect(joins(server)).toEqual(["join", "join"]);
  });

  it("can be in another state, which the others hear of", async () => {
    const { clock, server, open } = ground();
    const others = collect(open().channel("a").presence());
    const mine = open().channel("a").presence({ state: "here" });
    await clock.pass(1);
    mine.update("away");
    await clock.pass(1);
    expect(others.at(-1)).toMatchObject([{ member: "m1", state: "away" }]);
    await mine.return?.();
    mine.update("gone already");
    await clock.pass(1);
    expect([others.at(-1), joins(server)]).toEqual([[], ["join", "join", "leave"]]);
  });

  it("ends when its new state is refused, also with the others", async () => {
    const { clock, server, open } = ground();
    server.refuse = (command) =>
      command.do === "join" && command.state === "bad" ? wireError("message/invalid", "no") : undefined;
    const others = collect(open().channel("a").presence());
    const mine = open().channel("a").presence({ state: "here" });
    const seen = collect(mine);
    await clock.pass(1);
    mine.update("bad");
    await clock.pass(1);
    expect([seen.at(-1), others.at(-1)]).toMatchObject([{ code: "message/invalid" }, []]);
    expect(joins(server)).toEqual(["join", "join", "leave"]);
  });

  it("keeps the old state until a refusal that passes has passed", async () => {
    const { clock, server, open } = ground();
    const others = collect(open().channel("a").presence());
    const mine = open().channel("a").presence({ state: "here" });
    await clock.pass(1);
    server.refuse = ({ do: name }) => (name === "join" ? wireError("limit/rate", "", { retryAfterMs: 50 }) : undefined);
    mine.update("away");
    await clock.pass(20);
    server.refuse = () => undefined;
    expect(others.at(-1)).toMatchObject([{ state: "here" }]);
    await clock.pass(50);
    expect(others.at(-1)).toMatchObject([{ state: "away" }]);
  });

  it("is not noticed by the others when a client was cut and came back in time", async () => {
    const { clock, network, server, open } = ground();
    const others = collect(open().channel("a").presence());
    collect(open().channel("a").presence({ state: 1 }));
    await clock.pass(1);
    const told = others.length;
    network.cut();
    await clock.pass(60_000);
    expect(joins(server)).toEqual(["join", "join"]);
    expect(others.slice(told).every((members) => JSON.stringify(members) === JSON.stringify(others[told - 1]))).toBe(
      true,
    );
  });

  it("ends 30 s after a cut for the others when the client does not come back, at once when it says goodbye", async () => {
    const { clock, network, open } = ground();
    const [leaver, vanisher] = [open(), open()];
    for (const bus of [leaver, vanisher]) collect(bus.channel("a").presence({ state: 1 }));
    await clock.pass(1);
    const others = collect(open().channel("a").presence());
    await clock.pass(1);
    leaver.close();
    await clock.pass(1);
    expect(others.at(-1)).toHaveLength(1);
    network.cut();
    vanisher.close();
    await clock.pass(29_000);
    expect(others.at(-1)).toHaveLength(1);
    await clock.pass(1_001);
    expect(others.at(-1)).toHaveLength(0);
  });

  it("throws what the server refuses it for", async () => {
    const { clock, server, open } = ground();
    const refusal = wireError("channel/no-presence", "nobody is seen here");
    server.refuse = ({ do: name }) => (name === "join" ? refusal : undefined);
    const seen = collect(open().channel("a").presence({ state: 1 }));
    await clock.pass(10_000);
    expect(seen.at(-1)).toMatchObject({ code: "channel/no-presence" });
    expect(joins(server)).toEqual(["join"]);
  });

  it("is not refused for what was wanted before", async () => {
    const { clock, server, open } = ground();
    server.refuse = (command) =>
      command.do === "join" && command.state === "bad" ? wireError("message/invalid", "no") : undefined;
    const channel = open().channel("a");
    await clock.pass(1);
    const stop = new AbortController();
    collect(channel.presence({ state: "bad", signal: stop.signal }));
    stop.abort();
    const seen = collect(channel.presence({ state: "good" }));
    await clock.pass(1);
    expect(seen.at(-1)).toMatchObject([{ state: "good" }]);
  });

  it("waits out a refusal that passes, unless it is left meanwhile", async () => {
    const { clock, server, open } = ground();
    server.refuse = ({ do: name }) => (name === "join" ? wireError("server/busy", "later") : undefined);
    const channel = open().channel("a");
    const stop = new AbortController();
    collect(channel.presence({ state: 1, signal: stop.signal }));
    await clock.pass(1_500);
    expect(joins(server)).toEqual(["join", "join"]);
    stop.abort();
    await clock.pass(5_000);
    expect(joins(server)).toEqual(["join", "join"]);
  });
});
