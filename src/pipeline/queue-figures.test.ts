import { expect, it } from "vitest";
import { QueueMeter } from "./queue-figures.js";

it("a queue's meter counts what happens, and how long it takes", () => {
  const meter = new QueueMeter();
  meter.count("accepted");
  meter.count("accepted");
  meter.count("dead");
  meter.waiting.record(5);
  expect(meter.figures).toMatchObject({
    counts: { accepted: 2, dead: 1, delivered: 0 },
    waiting: { count: 1, longestMs: 5 },
    processing: { count: 0 },
    settling: { count: 0 },
  });
});
