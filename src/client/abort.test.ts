import { expect, it } from "vitest";
import { whenAborted } from "./abort.js";

it("the task is done when the signal is aborted, at once where it was before, and once", () => {
  const controller = new AbortController();
  const done: string[] = [];
  whenAborted(controller.signal, () => done.push("later"));
  controller.abort();
  whenAborted(controller.signal, () => done.push("at once"));
  controller.abort();
  expect(done).toEqual(["later", "at once"]);
});

it("nothing is done any more once it is forgotten, and nothing at all without a signal", () => {
  const controller = new AbortController();
  const forget = whenAborted(controller.signal, () => expect.unreachable());
  forget();
  controller.abort();
  whenAborted(undefined, () => expect.unreachable())();
});
