import { afterEach, expect, it, vi } from "vitest";
import { browserSurroundings } from "./surroundings.js";

function watch(visibilityState = "visible"): {
  page: EventTarget & { visibilityState: string };
  window: EventTarget;
  told: string[];
  off: () => void;
} {
  const window = new EventTarget();
  const page = Object.assign(new EventTarget(), { visibilityState });
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("document", page);
  const told: string[] = [];
  const off = browserSurroundings.watch((event) => void told.push(event));
  return { page, window, told, off };
}

afterEach(() => vi.unstubAllGlobals());

it.each([
  ["offline", "offline"],
  ["online", "online"],
  ["pagehide", "left"],
  ["pageshow", "returned"],
])("%s means %s", (name, event) => {
  const { window, told } = watch();
  window.dispatchEvent(new Event(name));
  expect(told).toEqual([event]);
});

it("tells whether somebody looks at the page", () => {
  const { page, told } = watch();
  page.visibilityState = "hidden";
  page.dispatchEvent(new Event("visibilitychange"));
  page.visibilityState = "visible";
  page.dispatchEvent(new Event("visibilitychange"));
  expect(told).toEqual(["hidden", "visible"]);
});

it("tells of a page that was opened behind another one", () => {
  expect(watch("hidden").told).toEqual(["hidden"]);
});

it("tells nothing once it was ended", () => {
  const { page, window, told, off } = watch();
  off();
  window.dispatchEvent(new Event("online"));
  page.dispatchEvent(new Event("visibilitychange"));
  expect(told).toEqual([]);
});

it("hears of the network in a worker, which has no page", () => {
  const worker = new EventTarget();
  vi.stubGlobal("addEventListener", worker.addEventListener.bind(worker));
  const told: string[] = [];
  browserSurroundings.watch((event) => void told.push(event));
  worker.dispatchEvent(new Event("online"));
  expect(told).toEqual(["online"]);
});
