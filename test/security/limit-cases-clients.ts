/** What exceeds the limits on clients, on processing, and on who is revoked and audited. Each is named by its option. */
import { expect } from "vitest";
import { RawClient } from "../support/raw-client.js";
import type { LimitCase } from "./limit-cases-connections.js";
import { askAll, codeOf, LimitServer, users } from "./limit-ground.js";

const board = (name: number | string): { channel: string } => ({ channel: `board/${name}` });
const ping = { do: "ping" };
const auth = { scheme: "basic", username: "ada", password: users.ada.password };

export const clientCases: Readonly<Record<string, LimitCase>> = {
  "limits.session.helloTimeoutMs": async () => {
    const { url } = await LimitServer.start({ limits: { session: { helloTimeoutMs: 50 } } });
    expect((await (await RawClient.connect(url)).closed).code).toBe(4001);
  },
  "limits.session.subscriptionsMax": async () => {
    const client = await (await LimitServer.start()).login();
    const answers = await askAll(
      client,
      Array.from({ length: 129 }, (_, at) => ({ do: "subscribe", ...board(at) })),
    );
    expect(answers.slice(0, 128).map(codeOf)).toEqual(Array.from({ length: 128 }, () => undefined));
    expect(codeOf(answers[128] ?? {})).toBe("subscription/too-many");
  },
  "limits.session.channelNameBytesMax": async () => {
    const client = await (await LimitServer.start()).login();
    const name = (bytes: number) => `board/${"n".repeat(bytes - 6)}`;
    expect(codeOf(await client.ask({ do: "subscribe", channel: name(255) }))).toBe(undefined);
    expect(codeOf(await client.ask({ do: "subscribe", channel: name(256) }))).toBe("channel/invalid-name");
    const strict = await (await LimitServer.start({ limits: { session: { channelNameBytesMax: 10 } } })).login();
    expect(codeOf(await strict.ask({ do: "subscribe", channel: name(10) }))).toBe(undefined);
    expect(codeOf(await strict.ask({ do: "subscribe", channel: name(11) }))).toBe("channel/invalid-name");
  },
  "limits.session.membershipsMax": async () => {
    const client = await (await LimitServer.start()).login();
    const joins = Array.from({ length: 129 }, (_, at) => ({
      do: "join",
      channel: `chat/${at}`,
      state: { name: "ada" },
    }));
    const answers = await askAll(client, joins);
    expect(answers.slice(0, 128).every((answer) => codeOf(answer) === undefined)).toBe(true);
    expect(codeOf(answers[128] ?? {})).toBe("subscription/too-many");
  },
  "limits.session.callsMax": async () => {
    const client = await (await LimitServer.start({ limits: { session: { callsMax: 1 } } })).login();
    client.send({ do: "call", name: "hang/a", input: 1 });
    const refused = await client.ask({ do: "call", name: "hang/a", input: 1 });
    expect(refused).toMatchObject({ error: { code: "call/too-many", retryAfterMs: expect.any(Number) } });
  },
  "limits.session.followsMax": async () => {
    const client = await (await LimitServer.start({ limits: { session: { followsMax: 1 } } })).login();
    const publishes = [1, 2].map((data) => ({ do: "publish", channel: "queue/a", data }));
    const messages = (await askAll(client, publishes)).map(({ ok }) => String(Object(ok)["message"]));
    const [first, second] = await askAll(
      client,
      messages.map((message) => ({ do: "follow", message })),
    );
    expect([codeOf(first ?? {}), codeOf(second ?? {})]).toEqual([undefined, "subscription/too-many"]);
  },
  "limits.session.presenceStateMax": async () => {
    const client = await (await LimitServer.start()).login();
    const join = (length: number) => client.ask({ do: "join", channel: "chat/a", state: { name: "n".repeat(length) } });
    expect(codeOf(await join(4096 - '{"name":""}'.length))).toBe(undefined);
    expect(codeOf(await join(4097 - '{"name":""}'.length))).toBe("message/invalid");
  },
  "limits.session.commandsPerSecond": async () => {
    const limits = { session: { commandsPerSecond: 0.5, commandsBurstMax: 2 } };
    const client = await (await LimitServer.start({ limits })).login();
    await client.ask(ping);
    const { error } = await client.ask(ping);
    expect(error).toMatchObject({ code: "limit/rate" });
    expect(Object(error)["retryAfterMs"]).toBeGreaterThan(1000);
    expect(Object(error)["retryAfterMs"]).toBeLessThanOrEqual(2000);
    // Who goes on is sent away.
    for (let at = 0; at < 200; at++) client.send(ping);
    expect((await client.closed).code).toBe(4003);
  },
  "limits.session.commandsBurstMax": async () => {
    const client = await (await LimitServer.start()).login();
    const answers = await askAll(
      client,
      Array.from({ length: 460 }, () => ping),
    );
    const firstRefused = answers.findIndex((answer) => codeOf(answer) === "limit/rate");
    // 400 at once, with the hello, and what is filled up meanwhile.
    expect(firstRefused).toBeGreaterThanOrEqual(399);
    expect(answers[firstRefused]).toMatchObject({ error: { retryAfterMs: expect.any(Number) } });
  },
  "limits.session.bytesPerSecond": async () => {
    const client = await (await LimitServer.start()).login();
    const publish = { do: "publish", ...board("a"), data: "x".repeat(65_000) };
    const answers = await askAll(
      client,
      Array.from({ length: 24 }, () => publish),
    );
    const accepted = answers.filter((answer) => codeOf(answer) === undefined).length;
    expect(accepted).toBeGreaterThanOrEqual(16);
    expect(answers.at(-1)).toMatchObject({ error: { code: "limit/rate", retryAfterMs: expect.any(Number) } });
  },
  "limits.session.commandsWaitingMax": async () => {
    const { url } = await LimitServer.start({ limits: { session: { commandsWaitingMax: 1 } } });
    const client = await RawClient.connect(url);
    // The first is under way, the second waits.
    const answers = await askAll(client, [{ do: "hello", auth }, ping, ping]);
    expect(answers.map(codeOf)).toEqual([undefined, undefined, "limit/rate"]);
  },
  "limits.session.refusalsPerSecond": async () => {
    const limits = { session: { refusalsPerSecond: 0.001, refusalsBurstMax: 2 } };
    const client = await (await LimitServer.start({ limits })).login();
    for (let at = 0; at < 2; at++) expect(codeOf(await client.ask({ do: "fly" }))).toBe("wire/unknown-command");
    client.send({ do: "fly" });
    expect((await client.closed).code).toBe(4003);
  },
  "limits.session.refusalsBurstMax": async () => {
    const client = await (await LimitServer.start()).login();
    for (let at = 0; at < 100; at++) client.send({ do: "fly" });
    expect(await client.ask(ping)).toMatchObject({ ok: {} });
    for (let at = 0; at < 100; at++) client.send({ do: "fly" });
    expect((await client.closed).code).toBe(4003);
  },
  "limits.session.outboxBytesMax": async () => {
    const started = await LimitServer.start();
    const client = await started.login();
    await client.ask({ do: "subscribe", ...board("a"), policy: { kind: "disconnect" } });
    client.socket.pause();
    // 24 MB: more than the kernel's buffers and the limit hold together.
    for (let count = 0; count < 400; count++) {
      await started.server.channel("board/a").publish("x".repeat(60_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.socket.resume();
    expect((await client.closed).code).toBe(4502);
  },
  "limits.pipeline.waitingMax": async () => {
    const client = await (await LimitServer.start({ limits: { pipeline: { waitingMax: 1 } } })).login();
    client.send({ do: "publish", channel: "slow/a", data: 1 });
    const refused = await client.ask({ do: "publish", channel: "slow/a", data: 2 });
    expect(refused).toMatchObject({ error: { code: "server/busy", retryable: true } });
  },
  "limits.pipeline.processTimeoutMs": async () => {
    const { server } = await LimitServer.start({ limits: { pipeline: { processTimeoutMs: 30 } } });
    await expect(server.channel("slow/a").publish(1)).rejects.toMatchObject({ code: "message/failed" });
  },
  "limits.pipeline.emitsMax": async () => {
    const three = await LimitServer.start({ limits: { pipeline: { emitsMax: 3 } } });
    expect(await three.server.channel("loud/a").publish(1)).toMatchObject({ stage: "delivered" });
    const two = await LimitServer.start({ limits: { pipeline: { emitsMax: 2 } } });
    await expect(two.server.channel("loud/a").publish(1)).rejects.toMatchObject({ code: "message/failed" });
  },
  "limits.pipeline.delayMsMax": async () => {
    const { server } = await LimitServer.start({ limits: { pipeline: { delayMsMax: 60_000 } } });
    expect(await server.channel("board/a").publish(1, { after: 50_000 })).toMatchObject({ stage: "accepted" });
    const tooFar = server.channel("board/a").publish(1, { after: 70_000 });
    await expect(tooFar).rejects.toMatchObject({ code: "message/invalid" });
  },
  "limits.revocations.revocationsMax": async () => {
    const { server } = await LimitServer.start({ limits: { revocations: { revocationsMax: 1 } } });
    expect(server.revoke({ principal: "ada" })).toBe(0);
    expect(() => server.revoke({ principal: "bob" })).toThrow(
      expect.objectContaining({ code: "auth/too-many-revocations" }),
    );
  },
  "limits.revocations.revocationKeepMs": async () => {
    const { server, url } = await LimitServer.start({ limits: { revocations: { revocationKeepMs: 100 } } });
    const isLetIn = async (): Promise<boolean> => {
      const client = await RawClient.connect(url);
      const answer = await client.ask({ do: "hello", auth });
      client.cut();
      return codeOf(answer) === undefined;
    };
    server.revoke({ principal: "ada" });
    expect(await isLetIn()).toBe(false);
    while (!(await isLetIn()));
    expect(await isLetIn()).toBe(true);
  },
  "limits.policy.assignmentsMax": async () => {
    const { server } = await LimitServer.start({ limits: { policy: { assignmentsMax: 1 } } });
    await server.roles("ada", []);
    await expect(server.roles("bob", [])).rejects.toMatchObject({ code: "policy/too-many-assignments" });
  },
  "limits.audit.recentMax": async () => {
    const started = await LimitServer.start({ limits: { audit: { recentMax: 2 } } });
    for (let at = 0; at < 3; at++) (await started.login()).cut();
    expect(started.server.audit.recent().filter(({ kind }) => kind === "admitted")).toHaveLength(2);
  },
  "limits.audit.refusalsPerSecond": async () => {
    const started = await LimitServer.start({ limits: { audit: { refusalsPerSecond: 2 } } });
    const origin = { headers: { Origin: "http://evil.example" } };
    await Promise.all(Array.from({ length: 20 }, () => started.ask(origin)));
    await started.server.close();
    expect(omitted(started, "refused")).toBeGreaterThan(0);
    expect(told(started, "refused") + omitted(started, "refused")).toBe(20);
  },
  "limits.audit.eventsPerSecond": async () => {
    const started = await LimitServer.start({ limits: { audit: { eventsPerSecond: 2 } } });
    const clients = await Promise.all(Array.from({ length: 20 }, () => started.login()));
    for (const client of clients) client.cut();
    await started.server.close();
    expect(omitted(started, "admitted")).toBeGreaterThan(0);
    expect(told(started, "admitted") + omitted(started, "admitted")).toBe(20);
  },
};

/** How many events of a kind the trail has told of. */
function told({ server }: LimitServer, kind: string): number {
  return server.audit.recent().filter((event) => event.kind === kind).length;
}

/** How many events of a kind it has only counted. */
function omitted({ server }: LimitServer, kind: string): number {
  const counts = server.audit.recent().flatMap((event) => (event.kind === "omitted" ? [event.counts] : []));
  return counts.reduce((sum, count) => sum + (new Map(Object.entries(count)).get(kind) ?? 0), 0);
}
