import { describe, expect, it } from "vitest";
import { MemoryNetwork, type MemoryPeer } from "../testing/memory-network.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { jsonEncoder } from "./encoder.js";
import { Link, type LinkListener } from "./link.js";
import { settingsOf, type BusOptions } from "./options.js";

const welcome = (id: number, expiresInMs?: number) =>
  JSON.stringify({ re: id, ok: { session: "s", principal: { id: "ada", roles: [] }, expiresInMs } });

/** A link to a server that answers what `answer` says, and what the link told, in order. */
function begin(options: BusOptions = {}, answer: (text: string, peer: MemoryPeer) => void = greet) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(1) });
  const received: unknown[] = [];
  const told: unknown[] = [];
  let peer: MemoryPeer | undefined;
  network.listen((newPeer) => {
    peer = newPeer;
    return {
      messageReceived: (text) => {
        received.push(JSON.parse(text));
        answer(text, newPeer);
      },
      peerClosed: ({ code }) => void received.push(`closed ${code}`),
    };
  });
  const settings = settingsOf(options);
  const listener: LinkListener = {
    connectionReady: () => void told.push("ready"),
    connectionOpened: (hello: unknown) => void told.push(hello),
    pushReceived: (push: unknown) => void told.push(push),
    errorReported: (error: unknown) => void told.push(error),
    linkEnded: (end: unknown) => void told.push(end),
  };
  const ports = { sockets: network, clock, random: new SeededRandom(1) };
  const introduction = { client: "c".repeat(32) };
  const link = new Link({ url: "ws://bus.test/", settings, encoder: jsonEncoder, ports, listener, introduction });
  return { clock, network, link, received, told, listener, peer: () => peer };
}

function greet(text: string, peer: MemoryPeer): void {
  if (text.includes('"hello"')) peer.send(welcome(1));
}

function answerPings(text: string, peer: MemoryPeer): void {
  greet(text, peer);
  if (text.includes('"ping"')) peer.send('{"re":2,"ok":{}}');
}

describe("a link", () => {
  it("asks for credentials, opens a socket and says hello", async () => {
    const auth = async () => ({ scheme: "basic", username: "ada", password: "p" }) as const;
    const { clock, link, received, told } = begin({ auth });
    expect(link.isReady).toBe(false);
    await clock.pass(1);
    const client = "c".repeat(32);
    expect(received).toEqual([
      { id: 1, do: "hello", client, auth: { scheme: "basic", username: "ada", password: "p" } },
    ]);
    expect(told).toEqual(["ready", { session: "s", principal: { id: "ada", roles: [] } }]);
    expect(link.isReady).toBe(true);
    expect(clock.timerCount).toBe(1);
  });

  it("leaves who it is to the handshake when there is no auth", async () => {
    const { clock, received } = begin();
    await clock.pass(1);
    expect(received).toEqual([{ id: 1, do: "hello", client: "c".repeat(32) }]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no token");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("no token");
      },
    ],
  ])("ends and may come back when auth %s", async (_, auth) => {
    const { clock, network, told } = begin({ auth });
    await clock.pass(1);
    expect(told).toMatchObject([
      { comesBack: true, error: { code: "auth/unavailable", cause: { message: "no token" } } },
    ]);
    expect(network.connectionCount).toBe(0);
    expect(clock.timerCount).toBe(0);
  });

  it("does not come back when the server refuses the credentials", async () => {
    const refusal = '{"re":1,"error":{"code":"auth/refused","message":"who?","retryable":false}}';
    const { clock, told, received } = begin({}, (_, peer) => peer.send(refusal));
    await clock.pass(1);
    expect(told.slice(1)).toMatchObject([{ comesBack: false, error: { code: "auth/refused", message: "who?" } }]);
    expect(received.at(-1)).toBe("closed 1000");
  });

  it("comes back when the server says so in its refusal", async () => {
    const refusal = '{"re":1,"error":{"code":"server/stopping","message":"","retryable":true,"retryAfterMs":70}}';
    const { clock, told } = begin({}, (_, peer) => peer.send(refusal));
    await clock.pass(1);
    expect(told.slice(1)).toMatchObject([{ comesBack: true, retryAfterMs: 70 }]);
  });

  it.each([
    ["the credentials", { auth: () => new Promise<never>(() => {}) }, greet],
    ["the welcome", {}, () => {}],
  ] as const)("ends an attempt that waits too long for %s", async (_, options, answer) => {
    const { clock, told } = begin({ ...options, attemptTimeoutMs: 2_000 }, answer);
    await clock.pass(1_999);
    told.length = 0;
    await clock.pass(1);
    expect(told).toMatchObject([{ comesBack: true, error: { code: "connection/timeout" } }]);
    expect(clock.timerCount).toBeLessThanOrEqual(2);
  });

  it.each([
    [1006, true, "connection/lost", "the connection was cut (1006)"],
    [1012, true, "connection/lost", "the connection was cut (1012)"],
    [4500, true, "connection/lost", "the connection was cut (4500)"],
    [4003, false, "connection/ended", "the server ended it (4003)"],
    [1000, false, "connection/ended", "the server ended it (1000)"],
  ])("after close code %i, coming back is %s", async (code, comesBack, errorCode, message) => {
    const { clock, told, peer } = begin();
    await clock.pass(1);
    peer()?.close(code);
    await clock.pass(1);
    expect(told.at(-1)).toMatchObject({ comesBack, error: { code: errorCode, message } });
  });

  it("gives replies and pushes in the order in which they came", async () => {
    const { clock, link, told, peer } = begin();
    await clock.pass(1);
    link.request({ do: "subscribe", channel: "a" }, (outcome) => told.push(outcome));
    peer()?.send('{"re":2,"ok":{"position":{"epoch":"e","offset":0}}}');
    peer()?.send('{"push":"message","channel":"a","offset":1,"data":7,"from":"b","at":0}');
    clock.advance(0);
    expect(told.slice(2)).toMatchObject([{ kind: "ok" }, { push: "message", data: 7 }]);
  });

  it("remembers when a server that stops wants it back", async () => {
    const { clock, told, peer } = begin();
    await clock.pass(1);
    peer()?.send('{"push":"goodbye","retryAfterMs":900}');
    peer()?.close(1012);
    await clock.pass(1);
    expect(told.at(-1)).toMatchObject({ comesBack: true, retryAfterMs: 900 });
  });

  it("reports what it cannot read or has not asked for, and lives on", async () => {
    const { clock, link, told, peer } = begin();
    await clock.pass(1);
    peer()?.send("not json");
    peer()?.send('{"error":{"code":"wire/malformed","message":"what?","retryable":false}}');
    peer()?.send('{"re":99,"ok":{}}');
    peer()?.send('{"push":"a later version knows this"}');
    await clock.pass(1);
    expect(told.slice(2)).toMatchObject([{ code: "wire/not-json" }, { code: "wire/malformed", message: "what?" }]);
    expect(link.isReady).toBe(true);
  });

  it("asks a server that is silent whether it is there, and is content with any word", async () => {
    const { clock, received, told, peer } = begin({}, answerPings);
    await clock.pass(24_999);
    expect(received).toHaveLength(1);
    await clock.pass(1);
    expect(received.slice(1)).toEqual([{ id: 2, do: "ping" }]);
    peer()?.send('{"push":"goodbye","retryAfterMs":1}');
    await clock.pass(20_000);
    peer()?.send('{"push":"goodbye","retryAfterMs":1}');
    await clock.pass(24_000);
    expect([received.length, told.length]).toEqual([2, 4]);
  });

  it("gives up a server that does not answer within its time", async () => {
    const { clock, link, told, received } = begin({ pingAfterMs: 3_000, pongTimeoutMs: 500 });
    await clock.pass(1);
    link.request({ do: "leave", channel: "a" }, (outcome) => told.push(outcome));
    await clock.pass(3_498);
    expect(told).toHaveLength(2);
    await clock.pass(2);
    expect(told.slice(2)).toMatchObject([{ kind: "lost" }, { comesBack: true, error: { code: "connection/timeout" } }]);
    expect([received.at(-1), clock.timerCount]).toEqual(["closed 4999", 0]);
  });

  it("looks at once whether it is still there when it is asked to", async () => {
    const { clock, link, received } = begin({}, answerPings);
    link.check();
    await clock.pass(1);
    link.check();
    link.check();
    await clock.pass(1);
    expect(received.slice(1)).toEqual([{ id: 2, do: "ping" }]);
  });

  it("takes commands behind hello, in the same turn, before the server has answered", async () => {
    const commands: unknown[] = [];
    const { clock, link, received, told } = begin({}, (text) => commands.push(text));
    clock.advance(0);
    await clock.settle();
    clock.advance(0);
    expect([link.isReady, told]).toEqual([true, ["ready"]]);
    link.request({ do: "leave", channel: "a" }, () => {});
    await clock.pass(1);
    expect(received).toMatchObject([{ do: "hello" }, { do: "leave" }]);
  });

  it("tells what was sent behind a refused hello that the server did not listen to it", async () => {
    const refusal = '{"re":1,"error":{"code":"auth/refused","message":"who?","retryable":false}}';
    const { clock, link, told, listener } = begin({}, (text, peer) => text.includes("hello") && peer.send(refusal));
    listener.connectionReady = () => link.request({ do: "leave", channel: "a" }, (outcome) => told.push(outcome));
    await clock.pass(1);
    expect(told).toMatchObject([{ kind: "lost", isUnheard: true }, { comesBack: false }]);
  });

  it("asks for fresh credentials before its own expire", async () => {
    let tokens = 0;
    const auth = () => ({ scheme: "bearer", token: `t${++tokens}` }) as const;
    const { clock, received, told } = begin({ auth }, (text, peer) => {
      const { id } = JSON.parse(text) as { id: number };
      peer.send(text.includes('"hello"') ? welcome(id, 60_000) : `{"re":${id},"ok":{"expiresInMs":1000000}}`);
    });
    await clock.pass(48_000);
    await clock.pass(1);
    expect(received).toMatchObject([
      { do: "hello", auth: { token: "t1" } },
      { id: 2, do: "ping" },
      { id: 3, do: "refresh", auth: { scheme: "bearer", token: "t2" } },
    ]);
    expect(told).toHaveLength(2);
  });

  it("sends nothing that cannot be encoded", async () => {
    const { clock, link, received } = begin({ commandBytesMax: 100 });
    await clock.pass(1);
    const send = (): number =>
      link.request({ do: "publish", channel: "a", data: "x".repeat(100) }, () => expect.unreachable());
    expect(send).toThrow(expect.objectContaining({ code: "message/too-large" }));
    await clock.pass(1);
    expect(received).toHaveLength(1);
  });

  it("that was closed loses its requests and tells nothing more", async () => {
    const { clock, link, told, peer } = begin();
    await clock.pass(1);
    link.request({ do: "leave", channel: "a" }, (outcome) => told.push(outcome));
    link.close(1000);
    link.close(1000);
    peer()?.send('{"re":2,"ok":{}}');
    await clock.pass(1);
    expect(told.slice(2)).toEqual([{ kind: "lost" }]);
    expect(clock.timerCount).toBe(0);
  });

  it("that was closed before it had credentials opens no socket", async () => {
    const { clock, link, network, received } = begin();
    link.close(1000);
    await clock.pass(1);
    expect([network.connectionCount, received]).toEqual([0, []]);
  });
});
