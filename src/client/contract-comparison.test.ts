import { describe, expect, it } from "vitest";
import { ground } from "../../test/client/ground.js";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { z } from "zod";
import { wireError } from "../wire/errors.js";
import { ContractDiffersError } from "./contract-comparison.js";

const app = contract({
  "chat/:room": channel({ message: z.string() }),
  prices: channel({ message: z.number() }),
});

function begin() {
  const place = ground();
  const errors: unknown[] = [];
  const bus = place.open({ contract: app });
  bus.on("error", (error) => errors.push(error));
  const compares = () => place.server.commands.filter((command) => command.do === "compare");
  return { ...place, bus, errors, compares };
}

describe("a client's contract", () => {
  it("is named in hello, and nothing is asked where the server's is the same", async () => {
    const { clock, server } = begin();
    await clock.pass(1);
    expect(server.commands).toMatchObject([{ do: "hello", contract: app.fingerprint }]);
  });

  it("that differs is told once with what differs, and the bus goes on", async () => {
    const { clock, network, server, bus, errors, compares } = begin();
    server.welcome = { contract: "differs" };
    server.comparison = { changed: ["prices"], missing: ["chat/:room"] };
    await clock.pass(1);
    network.cut();
    await clock.pass(501);
    expect(compares()).toMatchObject([{ parts: app.parts }, { parts: app.parts }]);
    expect(errors).toMatchObject([
      {
        code: "contract/differs",
        message: "the server's contract differs: prices, no chat/:room",
        changed: ["prices"],
        missing: ["chat/:room"],
      },
    ]);
    expect(errors[0]).toBeInstanceOf(ContractDiffersError);
    expect(bus.state).toBe("open");
  });

  it("is told again when something else differs", async () => {
    const { clock, network, server, errors } = begin();
    server.welcome = { contract: "differs" };
    server.comparison = { changed: ["prices"], missing: [] };
    await clock.pass(1);
    server.comparison = { changed: [], missing: ["prices"] };
    network.cut();
    await clock.pass(501);
    expect(errors).toMatchObject([{ changed: ["prices"] }, { missing: ["prices"] }]);
  });

  it("that is a part of the server's is no error", async () => {
    const { clock, server, errors, compares } = begin();
    server.welcome = { contract: "differs" };
    await clock.pass(1);
    expect([compares().length, errors]).toEqual([1, []]);
  });

  it("that cannot be compared is told with the server's reason, and one that was lost is not told", async () => {
    const { clock, network, server, errors } = begin();
    server.welcome = { contract: "differs" };
    server.refuse = ({ do: name }) => (name === "compare" ? wireError("limit/rate", "slow down") : undefined);
    await clock.pass(1);
    server.refuse = ({ do: name }) => (name === "compare" ? "silence" : undefined);
    network.cut();
    await clock.pass(501);
    network.cut();
    await clock.pass(501);
    expect(errors).toMatchObject([{ code: "limit/rate" }]);
  });
});
