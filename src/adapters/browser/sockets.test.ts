import { afterEach, expect, it, vi } from "vitest";
import { browserSockets } from "./sockets.js";

/** As much of a browser's WebSocket as is needed; the real one is in test/browser. */
class FakeWebSocket extends EventTarget {
  static last: FakeWebSocket | undefined;
  readonly sent: unknown[] = [];
  readonly url: string;
  readonly protocol: string;

  constructor(url: string, protocol: string) {
    super();
    this.url = url;
    this.protocol = protocol;
    if (url.startsWith("ws://insecure")) throw new Error("mixed content");
    FakeWebSocket.last = this;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(code: number): void {
    this.sent.push(code);
  }

  tell(name: string, members: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(name), members));
  }
}

function open(url: string) {
  vi.stubGlobal("WebSocket", FakeWebSocket);
  const told: unknown[] = [];
  const socket = browserSockets.open(url, "busbar.v1", {
    socketOpened: () => void told.push("opened"),
    messageReceived: (text) => void told.push(text),
    socketClosed: (close) => void told.push(close),
  });
  return { socket, told };
}

afterEach(() => vi.unstubAllGlobals());

it("opens the browser's WebSocket with the subprotocol and tells what it tells", () => {
  const { socket, told } = open("ws://bus.test/");
  const fake = FakeWebSocket.last;
  expect([fake?.url, fake?.protocol]).toEqual(["ws://bus.test/", "busbar.v1"]);
  fake?.tell("open");
  fake?.tell("message", { data: "text" });
  fake?.tell("message", { data: new ArrayBuffer(1) });
  socket.send("hello");
  socket.close(1000);
  fake?.tell("error");
  fake?.tell("close", { code: 4002, reason: "who?" });
  expect(told).toEqual(["opened", "text", undefined, { code: 4002, reason: "who?" }]);
  expect(fake?.sent).toEqual(["hello", 1000]);
});

it("tells an address that the browser does not open as a connection that ended, later", async () => {
  const { socket, told } = open("ws://insecure.test/");
  socket.send("nowhere");
  socket.close(1000);
  expect(told).toEqual([]);
  await vi.waitFor(() => expect(told).toEqual([{ code: 1006, reason: "Error: mixed content" }]));
});
