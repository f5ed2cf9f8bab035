/** What exceeds the limits on channels and presence. Each is named by its option. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { RawClient } from "../support/raw-client.js";
import type { LimitCase } from "./limit-cases-connections.js";
import { askAll, codeOf, LimitServer, users, type Options } from "./limit-ground.js";

const room = "chat/a";
const texts = ["1", "2", "3", "4", "5"];

/** Publish five messages, then read the log from its start; what came of it. */
async function readBack(options: Options, text = ""): Promise<Record<string, unknown>[]> {
  const started = await LimitServer.start(options);
  for (const number of texts) await started.server.channel(room).publish({ text: number + text });
  const client = await started.login();
  await client.ask({ do: "subscribe", channel: room, from: "start" });
  const pushes: Record<string, unknown>[] = [];
  while (Object(pushes.at(-1))["offset"] !== texts.length)
    pushes.push(await client.next(({ push }) => push !== "presence"));
  return pushes;
}

const offsetsOf = (pushes: readonly Record<string, unknown>[]): unknown[] =>
  pushes.flatMap(({ offset, push }) => (push === "message" ? [offset] : []));

const publish = (client: RawClient, seq: number, ageMs?: number): Promise<Record<string, unknown>> =>
  client.ask({ do: "publish", channel: room, data: { text: String(seq) }, seq, ...(ageMs !== undefined && { ageMs }) });

/** Publish until the first message is not remembered any more, then repeat it. */
async function repeatOfForgotten(options: Options): Promise<void> {
  const started = await LimitServer.start(options);
  const client = await RawClient.connect(started.url);
  const auth = { scheme: "basic", username: "ada", password: users.ada.password };
  await client.ask({ do: "hello", client: "a-client-0123456789", auth });
  await client.ask({ do: "subscribe", channel: room });
  const startedAt = Date.now();
  for (let seq = 1; seq <= 5; seq++) {
    // A window of time has to pass, by the server's clock, before the publish that forgets the first.
    if (seq === 5) await expect.poll(() => Date.now() > startedAt + 20).toBe(true);
    expect(codeOf(await publish(client, seq))).toBe(undefined);
  }
  // A repeat of the newest is known, one of the first is refused, and neither is in the log again.
  const repeated = await publish(client, 1, 30_000);
  expect(codeOf(repeated)).toBe("publish/unknown-repeat");
  const pushes = (await client.rest()).filter(({ push }) => push === "message");
  expect(offsetsOf(pushes)).toEqual([1, 2, 3, 4, 5]);
}

async function inFolder(work: (store: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "busbar-limits-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const channelCases: Readonly<Record<string, LimitCase>> = {
  "limits.hub.readMessagesMax": async () => {
    expect(offsetsOf(await readBack({ limits: { hub: { readMessagesMax: 2 } } }))).toEqual([1, 2, 3, 4, 5]);
  },
  "limits.hub.readBytesMax": async () => {
    expect(offsetsOf(await readBack({ limits: { hub: { readBytesMax: 1 } } }))).toEqual([1, 2, 3, 4, 5]);
  },
  "limits.hub.appendMessagesMax": async () => {
    const { server } = await LimitServer.start({ limits: { hub: { appendMessagesMax: 2 } } });
    const outcomes = await server.channel(room).publishAll(texts.map((text) => ({ text })));
    expect(outcomes.map((outcome) => (outcome.stage === "delivered" ? outcome.position.offset : 0))).toEqual([
      1, 2, 3, 4, 5,
    ]);
  },
  "limits.hub.membersMax": async () => {
    const started = await LimitServer.start({ limits: { hub: { membersMax: 1 } } });
    const enter = async (name: "ada" | "bob") =>
      (await started.login(name)).ask({ do: "join", channel: room, state: { name } });
    expect(codeOf(await enter("ada"))).toBe(undefined);
    expect(codeOf(await enter("bob"))).toBe("subscription/too-many");
  },
  "limits.hub.leaseMs": async () => {
    const started = await LimitServer.start({ limits: { hub: { leaseMs: 50 } } });
    const [ada, bob] = [await started.login("ada"), await started.login("bob")];
    await ada.ask({ do: "subscribe", channel: room });
    await bob.ask({ do: "join", channel: room, state: { name: "bob" } });
    await ada.next(({ joined }) => joined !== undefined);
    bob.cut();
    await ada.next(({ left }) => left !== undefined);
    // Once: a message that is published behind it comes without another leave before it.
    await started.server.channel(room).publish({ text: "behind" });
    await ada.push("message");
    expect((await ada.rest()).filter(({ left }) => left !== undefined)).toEqual([]);
  },
  "limits.memory.logsMax": async () => {
    const client = await (await LimitServer.start({ limits: { memory: { logsMax: 2 } } })).login();
    const answers = await askAll(
      client,
      [1, 2, 3].map((name) => ({ do: "subscribe", channel: `board/${name}` })),
    );
    expect(answers.map(codeOf)).toEqual([undefined, undefined, "server/log-unavailable"]);
  },
  "limits.memory.logBytesMax": async () => {
    const pushes = await readBack({ limits: { memory: { logBytesMax: 2500 } } }, "x".repeat(900));
    expect(offsetsOf(pushes)).toEqual([4, 5]);
  },
  "limits.memory.bytesMax": async () => {
    const pushes = await readBack({ limits: { memory: { bytesMax: 2500 } } }, "x".repeat(900));
    expect(offsetsOf(pushes)).toEqual([4, 5]);
  },
  "limits.memory.jobBytesMax": async () => {
    const { server } = await LimitServer.start({ limits: { memory: { jobBytesMax: 5000 } } });
    const queue = server.channel("queue/a");
    expect(await queue.publish("x".repeat(1000))).toMatchObject({ stage: "accepted" });
    const tooMuch = queue.publish("x".repeat(10_000));
    await expect(tooMuch).rejects.toMatchObject({ code: "server/log-unavailable", retryable: true });
  },
  "limits.memory.windowMs": () => repeatOfForgotten({ limits: { memory: { windowMs: 1 } } }),
  "limits.memory.windowMessagesMax": () => repeatOfForgotten({ limits: { memory: { windowMessagesMax: 1 } } }),
  "limits.disk.windowMs": () => inFolder((store) => repeatOfForgotten({ store, limits: { disk: { windowMs: 1 } } })),
  "limits.disk.windowMessagesMax": () =>
    inFolder((store) => repeatOfForgotten({ store, limits: { disk: { windowMessagesMax: 1 } } })),
};
