import { expect, it } from "vitest";
import { busDefaults, settingsOf } from "./options.js";

it("what is left out or undefined is the default", () => {
  expect(settingsOf({})).toEqual(busDefaults);
  expect(settingsOf({ auth: undefined, pongTimeoutMs: 5 })).toEqual({ ...busDefaults, pongTimeoutMs: 5 });
});

it.each([() => "t", async () => "t"])("a token's function is credentials of the scheme bearer", async (token) => {
  expect(await settingsOf({ token }).auth?.()).toEqual({ scheme: "bearer", token: "t" });
});

it("coming back begins within half a second and never waits longer than 20 s", () => {
  expect(busDefaults).toMatchObject({ reconnectDelayMs: 500, reconnectDelayMsMax: 20_000 });
});
