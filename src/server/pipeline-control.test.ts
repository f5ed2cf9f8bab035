import { expect, it } from "vitest";
import { accepted, startQueue } from "../../test/support/queue-server.js";

it("a message is followed to its end, and known for a while afterwards", async () => {
  const { pipeline, ...server } = await startQueueWith();
  const id = await accepted(server.server, 2);
  expect(await pipeline.processed(id)).toMatchObject({ stage: "delivered", position: { offset: 1 } });
  expect(await pipeline.stage(id)).toMatchObject({ stage: "delivered" });
  expect(await pipeline.stage("nobody")).toBeUndefined();
  await expect(pipeline.follow("nobody", () => {})).rejects.toMatchObject({ code: "message/unknown" });
});

it("a dead letter is told as such, until it is redriven or discarded", async () => {
  const { pipeline, ...server } = await startQueueWith();
  const ids = [await accepted(server.server, -1), await accepted(server.server, -2)];
  for (const id of ids) await expect(pipeline.processed(id)).rejects.toMatchObject({ code: "message/dead" });
  const [first = "", second = ""] = ids;
  expect((await pipeline.deadLetters.get(first))?.data).toEqual({ n: -1 });
  await pipeline.deadLetters.redrive(first, { data: { n: 1 } });
  expect(await pipeline.processed(first)).toMatchObject({ stage: "delivered" });
  await pipeline.deadLetters.discard(second);
  await expect(pipeline.processed(second)).rejects.toMatchObject({ code: "message/discarded" });
  await expect(pipeline.deadLetters.discard(second)).rejects.toMatchObject({ code: "dead/unknown" });
  expect(pipeline.snapshot.queues[0]?.counts).toMatchObject({ dead: 2, redriven: 1, discarded: 1 });
  expect([pipeline.workers, pipeline.workerPids, pipeline.workerPort]).toEqual([[], [], undefined]);
});

async function startQueueWith() {
  const server = await startQueue();
  return { server, pipeline: server.pipeline };
}
