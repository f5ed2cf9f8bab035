import { connect } from "busbar/client";
import { expect, it } from "vitest";
import { accepted, startQueue, type QueueApp } from "../../test/support/queue-server.js";

it("operators list, redrive and discard dead letters over the wire, and see the pipeline", async () => {
  const server = await startQueue();
  const auth = () => ({ scheme: "basic", username: "otto", password: "operator" }) as const;
  const bus = connect<QueueApp>(server.url ?? "", { auth });
  const ids = [await accepted(server, -1), await accepted(server, -2), await accepted(server, -3)];
  for (const id of ids) await expect(server.pipeline.processed(id)).rejects.toMatchObject({ code: "message/dead" });
  const { letters } = await bus.call("operate/dead-letters", { max: 2 });
  expect(letters.map(({ data, failures }) => [data, failures[0]?.error.includes("negative")])).toEqual([
    [{ n: -1 }, true],
    [{ n: -2 }, true],
  ]);
  const rest = await bus.call("operate/dead-letters", { after: letters[1]?.place ?? "" });
  expect(rest.letters.map(({ id }) => id)).toEqual([ids[2]]);
  expect(await bus.call("operate/redrive", { id: ids[0] ?? "", data: { n: 1 } })).toEqual({ count: 1 });
  expect(await bus.call("operate/discard", { id: ids[1] ?? "" })).toEqual({ count: 1 });
  expect(await bus.call("operate/redrive", { queue: "jobs/:id" })).toEqual({ count: 1 });
  await expect(server.pipeline.processed(ids[2] ?? "")).rejects.toMatchObject({ code: "message/dead" });
  expect(await bus.call("operate/discard", {})).toEqual({ count: 1 });
  await expect(bus.call("operate/discard", { id: "nobody" })).rejects.toMatchObject({
    code: "call/refused",
    reason: expect.stringContaining("dead/unknown"),
  });
  expect((await bus.call("operate/pipeline", {})).snapshot).toMatchObject({ queues: [{ pattern: "jobs/:id" }] });
  bus.close();
});
