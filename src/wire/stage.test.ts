import { expect, it } from "vitest";
import type { Stage } from "./messages.js";
import { isEnd } from "./stage.js";

it("a message is over when it was delivered, dropped, rejected or discarded", () => {
  const stages: Stage[] = [
    { stage: "accepted" },
    { stage: "processing", attempt: 1 },
    { stage: "retrying", attempt: 1, dueAt: 5 },
    { stage: "dead" },
    { stage: "delivered" },
    { stage: "dropped" },
    { stage: "rejected", reason: "rude" },
    { stage: "discarded" },
  ];
  expect(stages.filter(isEnd).map(({ stage }) => stage)).toEqual(["delivered", "dropped", "rejected", "discarded"]);
});
