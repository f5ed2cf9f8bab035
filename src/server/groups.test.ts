import { expect, it } from "vitest";
import { accepted, startQueue } from "../../test/support/queue-server.js";

it("a group's members are one group, whose pattern stays", async () => {
  const server = await startQueue();
  const seen: number[] = [];
  const one = await server.subscribe("jobs/:id", { group: "g" }, ({ data }) => void seen.push(data.n));
  const two = await server.subscribe("jobs/:id", { group: "g" }, ({ data }) => void seen.push(data.n));
  await server.pipeline.processed(await accepted(server, 4));
  await expect.poll(() => seen).toEqual([8]);
  expect(server.pipeline.snapshot.queues.map(({ pattern }) => pattern)).toEqual(["jobs/:id", "group:g"]);
  await one.close();
  await one.close();
  await two[Symbol.asyncDispose]();
  expect(server.pipeline.snapshot.queues.map(({ pattern }) => pattern)).toEqual(["jobs/:id"]);
  await server.forgetGroup("g");
});
