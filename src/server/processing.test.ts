import { queued } from "busbar/server";
import { describe, expect, it } from "vitest";
import { accepted, startQueue } from "../../test/support/queue-server.js";

describe("the pipeline of a server", () => {
  it("lists dead letters behind a place, and refuses what is none", async () => {
    const { pipeline, ...rest } = await startQueue().then((server) => ({ server, pipeline: server.pipeline }));
    for (const n of [-1, -2, -3]) {
      await expect(pipeline.processed(await accepted(rest.server, n))).rejects.toMatchObject({ code: "message/dead" });
    }
    const [first] = await pipeline.deadLetters.list({ max: 1 });
    const others = await pipeline.deadLetters.list(first && { after: first.place });
    expect(others.map(({ data }) => data)).toEqual([{ n: -2 }, { n: -3 }]);
    await expect(pipeline.deadLetters.list({ after: "somewhere" })).rejects.toMatchObject({ code: "dead/unknown" });
    expect(await pipeline.deadLetters.list({ queue: "other" })).toEqual([]);
    expect(await pipeline.deadLetters.redriveAll()).toBe(3);
  });

  it.each([
    ["throws", () => JSON.parse("{")],
    ["is no text", () => 5],
    ["is too long", () => "k".repeat(300)],
  ])("refuses a message whose key %s", async (_name, key) => {
    const wrong = key as () => string;
    const server = await startQueue({ process: { "jobs/:id": queued((message) => message, { key: wrong }) } });
    await expect(accepted(server, 1)).rejects.toMatchObject({ code: "message/failed" });
  });

  it("tells each stage from the one that a message is at, also one that is over", async () => {
    const server = await startQueue();
    const id = await accepted(server, 1);
    await server.pipeline.processed(id);
    const stages: string[] = [];
    const stop = await server.pipeline.follow(id, ({ stage }) => void stages.push(stage));
    stop();
    expect(stages).toEqual(["delivered"]);
  });
});
