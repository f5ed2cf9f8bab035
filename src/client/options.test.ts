import { expect, it } from "vitest";
import { busDefaults, settingsOf } from "./options.js";

it("what is left out or undefined is the default", () => {
  expect(settingsOf({})).toEqual(busDefaults);
  expect(settingsOf({ auth: undefined, replyTimeoutMs: 5 })).toEqual({ ...busDefaults, replyTimeoutMs: 5 });
});

it("coming back begins within half a second and never waits longer than 20 s", () => {
  expect(busDefaults).toMatchObject({ reconnectDelayMs: 500, reconnectDelayMsMax: 20_000 });
});
