import { expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { Allowance } from "./allowance.js";
import { sessionLimits } from "./limits.js";

it("an allowance counts commands, their length, and refusals", () => {
  const clock = new VirtualClock();
  const limits = {
    commandsPerSecond: 1,
    commandsBurstMax: 2,
    bytesPerSecond: 10,
    refusalsPerSecond: 1,
    refusalsBurstMax: 1,
  };
  const allowance = new Allowance({ ...sessionLimits, ...limits }, clock);
  expect(allowance.takeCommand(8)).toBe(0);
  expect(allowance.takeCommand(8)).toBe(600);
  expect(allowance.takeCommand(1)).toBe(1000);
  expect([allowance.takeRefusal(), allowance.takeRefusal()]).toEqual([true, false]);
  clock.advance(1000);
  expect([allowance.takeCommand(1), allowance.takeRefusal()]).toEqual([0, true]);
});
