/** Readers who want to know how it is now, and not all that was. */
import { describe, expect, it } from "vitest";
import { deferred } from "../../src/kernel/deferred.js";
import { collect, ground } from "./ground.js";

const commandsOf = (server: { commands: readonly { do: string }[] }): string[] =>
  server.commands.map((each) => each.do);

describe("reading only the latest", () => {
  const latest = { policy: "latest" } as const;

  it("asks the server for it, on every connection, and for its key", async () => {
    const { clock, network, server, open } = ground();
    const bus = open();
    collect(bus.channel("a").messages({ ...latest, key: "symbol" }));
    collect(bus.channel("b").messages(latest));
    collect(bus.channel("c").messages({ policy: "disconnect" }));
    collect(bus.channel("d").messages({ policy: "all" }));
    await clock.pass(1);
    network.cut();
    await clock.pass(501);
    const cursors = server.commands.flatMap((command) => (command.do === "resume" ? command.cursors : []));
    const policies = [{ kind: "latest", key: "symbol" }, { kind: "latest" }, { kind: "disconnect" }, undefined];
    expect(cursors.map(({ policy }) => policy)).toEqual([...policies, ...policies]);
  });

  it("gives a slow reader the newest message alone, and jumps are no gaps", async () => {
    const { clock, network, server, open } = ground();
    const bus = open();
    const gaps: unknown[] = [];
    bus.on("gap", (gap) => gaps.push(gap));
    let gate = deferred<void>();
    const seen = collect(bus.channel("a").messages(latest), () => gate.promise);
    await clock.pass(1);
    for (let data = 1; data <= 50; data++) server.publish("a", data);
    await clock.pass(1);
    network.cut();
    for (let data = 51; data <= 60; data++) server.publish("a", data);
    await clock.pass(501);
    gate.resolve();
    gate = deferred<void>();
    await clock.pass(1);
    expect(seen).toMatchObject([
      { data: 1, gap: undefined },
      { data: 60, position: { offset: 60 }, gap: undefined },
    ]);
    expect([gaps, commandsOf(server)]).toEqual([[], ["hello", "resume", "hello", "resume"]]);
  });

  it("gives the newest of each key, and forgets no gap with a message that was left out", async () => {
    const { clock, network, server, open } = ground();
    const gate = deferred<void>();
    const seen = collect(
      open()
        .channel("a")
        .messages({ ...latest, key: "symbol" }),
      () => gate.promise,
    );
    await clock.pass(1);
    const publish = (symbol: string, price: number): void => void server.publish("a", { symbol, price });
    publish("first", 0);
    publish("x", 1);
    publish("y", 1);
    await clock.pass(1);
    network.cut();
    server.keepMax = 1;
    publish("z", 1);
    publish("x", 2);
    await clock.pass(501);
    publish("x", 3);
    server.publish("a", "no object");
    await clock.pass(1);
    gate.resolve();
    await clock.pass(1);
    expect(seen.slice(1)).toMatchObject([
      { data: { symbol: "y", price: 1 }, gap: undefined },
      { data: { symbol: "x", price: 3 }, gap: { lost: { from: 4, to: 4 } } },
      { data: "no object", gap: undefined },
    ]);
  });

  it("leaves messages in the log when there are too many keys", async () => {
    const { clock, server, open } = ground();
    const gate = deferred<void>();
    const bus = open({ messagesWaitingMax: 3 });
    const seen = collect(bus.channel("a").messages({ ...latest, key: "n" }), () => gate.promise);
    await clock.pass(1);
    for (let n = 1; n <= 8; n++) {
      server.publish("a", { n });
      await clock.pass(1);
    }
    expect(commandsOf(server)).toEqual(["hello", "resume", "unsubscribe"]);
    gate.resolve();
    for (let batch = 0; batch < 5; batch++) await clock.pass(1);
    expect(seen.at(-1)).toMatchObject({ data: { n: 8 } });
  });
});
