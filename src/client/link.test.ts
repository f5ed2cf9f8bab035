import { describe, expect, it } from "vitest";
import { MemoryNetwork, type MemoryPeer } from "../testing/memory-network.js";
import { SeededRandom } from "../testing/seeded-random.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { jsonEncoder } from "./encoder.js";
import { Link } from "./link.js";
import { settingsOf, type BusOptions } from "./options.js";

const welcome = (id: number) => `{"re":${id},"ok":{"session":"s","principal":{"id":"ada","roles":[]}}}`;

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
  const listener = {
    linkReady: (hello: unknown) => void told.push(hello),
    linkPushed: (push: unknown) => void told.push(push),
    linkReported: (error: unknown) => void told.push(error),
    linkEnded: (end: unknown) => void told.push(end),
  };
  const link = new Link({ url: "ws://bus.test/", settings, encoder: jsonEncoder, sockets: network, clock, listener });
  return { clock, network, link, received, told, peer: () => peer };
}

function greet(text: string, peer: MemoryPeer): void {
  if (text.includes('"hello"')) peer.send(welcome(1));
}

describe("a link", () => {
  it("asks for credentials, opens a socket and says hello", async () => {
    const auth = async () => ({ scheme: "basic", username: "ada", password: "p" }) as const;
    const { clock, link, received, told } = begin({ auth });
    expect(link.isReady).toBe(false);
    await clock.pass(1);
    expect(received).toEqual([{ id: 1, do: "hello", auth: { scheme: "basic", username: "ada", password: "p" } }]);
    expect(told).toEqual([{ session: "s", principal: { id: "ada", roles: [] } }]);
    expect(link.isReady).toBe(true);
    expect(clock.timerCount).toBe(0);
  });

  it("leaves who it is to the handshake when there is no auth", async () => {
    const { clock, received } = begin();
    await clock.pass(1);
    expect(received).toEqual([{ id: 1, do: "hello" }]);
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
    expect(told).toMatchObject([{ comesBack: false, error: { code: "auth/refused", message: "who?" } }]);
    expect(received.at(-1)).toBe("closed 1000");
  });

  it("comes back when the server says so in its refusal", async () => {
    const refusal = '{"re":1,"error":{"code":"server/stopping","message":"","retryable":true,"retryAfterMs":70}}';
    const { clock, told } = begin({}, (_, peer) => peer.send(refusal));
    await clock.pass(1);
    expect(told).toMatchObject([{ comesBack: true, retryAfterMs: 70 }]);
  });

  it.each([
    ["the credentials", { auth: () => new Promise<never>(() => {}) }, greet],
    ["the welcome", {}, () => {}],
  ] as const)("ends an attempt that waits too long for %s", async (_, options, answer) => {
    const { clock, told } = begin({ ...options, attemptTimeoutMs: 2_000 }, answer);
    await clock.pass(1_999);
    expect(told).toEqual([]);
    await clock.pass(1);
    expect(told).toMatchObject([{ comesBack: true, error: { code: "connection/timeout" } }]);
    expect(clock.timerCount).toBeLessThanOrEqual(2);
  });

  it.each([
    [1006, true, "connection/lost", "the connection was cut (1006)"],
    [1012, true, "connection/lost", "the connection was cut (1012)"],
    [4500, true, "connection/lost", "the connection was cut (4500)"],
    [4003, false, "connection/ended", "the server ended the connection (4003)"],
    [1000, false, "connection/ended", "the server ended the connection (1000)"],
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
    link.request(
      (id) => ({ id, do: "subscribe", channel: "a" }),
      (outcome) => told.push(outcome),
    );
    peer()?.send('{"re":2,"ok":{"position":{"epoch":"e","offset":0}}}');
    peer()?.send('{"push":"message","channel":"a","offset":1,"data":7,"from":"b","at":0}');
    clock.advance(0);
    expect(told.slice(1)).toMatchObject([{ kind: "ok" }, { push: "message", data: 7 }]);
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
    expect(told.slice(1)).toMatchObject([{ code: "wire/not-json" }, { code: "wire/malformed", message: "what?" }]);
    expect(link.isReady).toBe(true);
  });

  it("gives up a connection that leaves a command unanswered", async () => {
    const { clock, link, told } = begin({ replyTimeoutMs: 5_000 });
    const publish = (id: number) => ({ id, do: "publish", channel: "a", data: 1 }) as const;
    await clock.pass(1);
    link.request(publish, (outcome) => told.push(outcome));
    await clock.pass(4_999);
    expect(told).toHaveLength(1);
    await clock.pass(1);
    expect(told.slice(1)).toMatchObject([{ kind: "lost" }, { comesBack: true, error: { code: "connection/timeout" } }]);
  });

  it("counts a command's time from its own sending", async () => {
    const { clock, link, told, peer } = begin({ replyTimeoutMs: 5_000 });
    const publish = (id: number) => ({ id, do: "leave", channel: "a" }) as const;
    await clock.pass(1);
    link.request(publish, () => {});
    await clock.pass(3_000);
    link.request(publish, () => {});
    peer()?.send('{"re":2,"ok":{}}');
    await clock.pass(4_999);
    expect(told).toHaveLength(1);
    peer()?.send('{"re":3,"ok":{}}');
    await clock.pass(10_000);
    expect(told).toHaveLength(1);
    expect(clock.timerCount).toBe(0);
  });

  it("sends nothing that cannot be encoded", async () => {
    const { clock, link, received } = begin({ commandBytesMax: 100 });
    await clock.pass(1);
    const send = (): void =>
      link.request(
        (id) => ({ id, do: "publish", channel: "a", data: "x".repeat(100) }),
        () => expect.unreachable(),
      );
    expect(send).toThrow(expect.objectContaining({ code: "message/too-large" }));
    await clock.pass(1);
    expect(received).toHaveLength(1);
  });

  it("that was closed loses its requests and tells nothing more", async () => {
    const { clock, link, told, peer } = begin();
    await clock.pass(1);
    link.request(
      (id) => ({ id, do: "leave", channel: "a" }),
      (outcome) => told.push(outcome),
    );
    link.close();
    link.close();
    peer()?.send('{"re":2,"ok":{}}');
    await clock.pass(1);
    expect(told.slice(1)).toEqual([{ kind: "lost" }]);
    expect(clock.timerCount).toBe(0);
  });

  it("that was closed before it had credentials opens no socket", async () => {
    const { clock, link, network, received } = begin();
    link.close();
    await clock.pass(1);
    expect([network.connectionCount, received]).toEqual([0, []]);
  });
});
