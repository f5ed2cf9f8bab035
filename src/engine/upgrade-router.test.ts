import { createServer, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { Transport } from "../websocket/ports.js";
import { SocketHost } from "./socket-host.js";
import { UpgradeRouter } from "./upgrade-router.js";

/** A host that only notes which targets it was given. */
class NotingHost extends SocketHost {
  readonly targets: string[] = [];

  constructor() {
    super(() => {}, {});
  }

  override upgrade(_: Transport, { target }: { target: string }): void {
    this.targets.push(target);
  }
}

/** Have an HTTP server tell of an upgrade. */
function upgrade(source: ReturnType<typeof createServer>, url: string): void {
  const request = new IncomingMessage(new Socket());
  request.url = url;
  source.emit("upgrade", request, new Socket(), Buffer.alloc(0));
}

describe("upgrades of one HTTP server", () => {
  it("go to whoever has their path, and all others to the one without a path", () => {
    const source = createServer();
    const [chat, news, rest] = [new NotingHost(), new NotingHost(), new NotingHost()];
    UpgradeRouter.of(source).add("/chat", chat);
    UpgradeRouter.of(source).add("/news", news);
    UpgradeRouter.of(source).add(undefined, rest);
    for (const url of ["/chat", "/chat?room=1", "/news", "/chat/", "/", "/Chat"]) upgrade(source, url);
    expect([chat.targets, news.targets, rest.targets]).toEqual([
      ["/chat", "/chat?room=1"],
      ["/news"],
      ["/chat/", "/", "/Chat"],
    ]);
    expect(source.listenerCount("upgrade")).toBe(1);
  });

  it("of a path that is nobody's are given to one, who refuses them", () => {
    const source = createServer();
    const hosts = [new NotingHost(), new NotingHost()];
    for (const [index, host] of hosts.entries()) UpgradeRouter.of(source).add(`/${index}`, host);
    upgrade(source, "/2");
    expect(hosts.flatMap(({ targets }) => targets)).toEqual(["/2"]);
  });

  it("of a path that is nobody's are left to other listeners, where there are some", () => {
    const source = createServer();
    const host = new NotingHost();
    UpgradeRouter.of(source).add("/chat", host);
    source.on("upgrade", () => {});
    upgrade(source, "/other");
    upgrade(source, "/chat");
    expect(host.targets).toEqual(["/chat"]);
  });

  it("of one path are not given to two", () => {
    const router = UpgradeRouter.of(createServer());
    router.add("/chat", new NotingHost());
    router.add(undefined, new NotingHost());
    expect(() => router.add("/chat", new NotingHost())).toThrow(expect.objectContaining({ code: "server/path-taken" }));
    expect(() => router.add(undefined, new NotingHost())).toThrow(/every path/);
  });

  it("are no longer listened to when the last one has gone", () => {
    const source = createServer();
    const [first, second] = [new NotingHost(), new NotingHost()];
    const stopFirst = UpgradeRouter.of(source).add("/chat", first);
    const stopOther = UpgradeRouter.of(source).add("/news", new NotingHost());
    stopFirst();
    UpgradeRouter.of(source).add("/chat", second);
    stopFirst();
    upgrade(source, "/chat");
    expect([first.targets, second.targets]).toEqual([[], ["/chat"]]);
    stopOther();
    expect(source.listenerCount("upgrade")).toBe(1);
    UpgradeRouter.of(source).add("/news", new NotingHost())();
    expect(source.listenerCount("upgrade")).toBe(1);
  });
});
