import { describe, expect, it } from "vitest";
import { attach } from "../../src/server/serve.js";
import { createServer } from "node:http";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { app, BusGround } from "../support/bus-ground.js";
import type { ChecklistCode } from "../../src/server/checklist.js";
import { basic } from "../../src/engine/passwords.js";

const ground = new BusGround();
const warnings = (): unknown[] =>
  ground.lines.filter(({ event }) => event === "server/checklist").map(({ fields }) => fields["code"]);
const all: readonly ChecklistCode[] = [
  "no-tls",
  "no-address-limit",
  "any-origin",
  "plain-passwords",
  "history-in-memory",
  "no-keepalive",
];

describe("a server that starts", () => {
  it("warns of all that it lacks, in the log", async () => {
    await ground.serve({ host: "0.0.0.0", origins: "any", keepalive: false });
    expect(warnings()).toEqual(all);
  });

  it("does not warn of what is in order, or was acknowledged", async () => {
    await ground.serve({ limits: { socket: { connectionsPerAddressMax: 10 } }, acknowledge: ["plain-passwords"] });
    expect(warnings()).toEqual(["history-in-memory"]);
    ground.lines.length = 0;
    await ground.serve({ host: "0.0.0.0", origins: "any", keepalive: false, acknowledge: all });
    expect(warnings()).toEqual([]);
  });

  it("does not start when it is to acknowledge what there is not", async () => {
    const acknowledge = ["no-tsl"] as unknown as readonly ChecklistCode[];
    await expect(ground.serve({ acknowledge })).rejects.toMatchObject({ code: "options/invalid" });
  });

  it("warns where it is attached to another, when that one listens", async () => {
    const httpServer = createServer();
    const server = await attach(httpServer, app, { authenticate: basic({}), logger: ground.logger });
    onTestFinished(() => server.close());
    expect(warnings()).toEqual([]);
    httpServer.listen(0, "0.0.0.0");
    onTestFinished(() => void httpServer.close());
    await once(httpServer, "listening");
    expect(warnings()).toEqual(["no-tls", "no-address-limit", "history-in-memory"]);
  });
});
