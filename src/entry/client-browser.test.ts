import { afterEach, expect, it, vi } from "vitest";
import { connect } from "./client-browser.js";

afterEach(() => vi.unstubAllGlobals());

it("a bus in a page opens a socket to the page's server", async () => {
  const opened: string[] = [];
  class FakeWebSocket extends EventTarget {
    constructor(url: string, protocol: string) {
      super();
      opened.push(url, protocol);
    }
    close(): void {}
  }
  const window = new EventTarget();
  vi.stubGlobal("WebSocket", FakeWebSocket);
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("location", { href: "https://example.org/chat/" });
  const bus = connect("/bus");
  await vi.waitFor(() => expect(opened).toEqual(["wss://example.org/bus", "busbar.v1"]));
  expect(bus.state).toBe("connecting");
  bus.close();
  expect(bus.state).toBe("closed");
});

it("without a page an address has to be whole", () => {
  expect(() => connect("/bus")).toThrow(expect.objectContaining({ code: "connection/invalid-url" }));
});
