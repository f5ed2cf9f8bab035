import { describe, expect, it } from "vitest";
import { BusGround, users } from "../support/bus-ground.js";
import { RawClient } from "../support/raw-client.js";

const ground = new BusGround();
const lobby = "chat/lobby";

/** 300 messages of 40 kB: far more than the kernel's buffers and the session's limit hold together. */
const count = 300;
const text = (index: number): string => `${index} `.padEnd(40_000, "x");

describe("a reader that stops reading", () => {
  it("slows nobody down, and gets everything when it reads again", async () => {
    const { server, url } = await ground.serve({ limits: { session: { outboxBytesMax: 100_000 } } });
    const [slow, quick] = [
      await RawClient.login(url, "bob", users.bob.password),
      await RawClient.login(url, "rob", users.rob.password),
    ];
    for (const client of [slow, quick]) await client.ask({ do: "subscribe", channel: lobby });
    slow.socket.pause();
    for (let index = 1; index <= count; index++) {
      await server.channel(lobby).publish({ text: text(index) });
      const { offset } = await quick.push("message");
      expect(offset).toBe(index);
    }
    slow.socket.resume();
    for (let index = 1; index <= count; index++) {
      const { data, offset } = await slow.push("message");
      expect([offset, Object(data)["text"]]).toEqual([index, text(index)]);
    }
    await server.channel(lobby).publish({ text: "live again" });
    expect(await slow.push("message")).toMatchObject({ offset: count + 1, data: { text: "live again" } });
  });

  it("is not kept for by the server: what the log has lost meanwhile it is told", async () => {
    const { server, url } = await ground.serve({
      limits: { session: { outboxBytesMax: 100_000 }, memory: { logBytesMax: 1_000_000 } },
    });
    const slow = await RawClient.login(url, "bob", users.bob.password);
    await slow.ask({ do: "subscribe", channel: lobby });
    slow.socket.pause();
    for (let index = 1; index <= count; index++) await server.channel(lobby).publish({ text: text(index) });
    slow.socket.resume();
    let next = 1;
    let lost = 0;
    while (next <= count) {
      const push = await slow.next(({ push: kind }) => kind === "message" || kind === "gap");
      if (push["push"] === "gap") {
        const { from, to } = Object(push["lost"]);
        expect(from).toBe(next);
        lost += to - from + 1;
        next = to + 1;
      } else {
        expect(push["offset"]).toBe(next);
        next++;
      }
    }
    expect(lost).toBeGreaterThan(0);
  });

  it("that asks and asks without reading the answers is sent away", async () => {
    const { url } = await ground.serve({
      limits: { session: { outboxBytesMax: 1, commandsBurstMax: 1e9, refusalsBurstMax: 1e9 } },
    });
    const rude = await RawClient.login(url, "bob", users.bob.password);
    rude.socket.pause();
    const ask = JSON.stringify({ id: 9, do: "leave", channel: `board/${"x".repeat(200)}` });
    while (!ground.lines.some(({ fields }) => fields["reason"] === "too much waits for this connection")) {
      for (let times = 0; times < 200; times++) rude.socket.send(ask);
      await new Promise((resolve) => setImmediate(resolve));
    }
    rude.socket.resume();
    expect(await rude.closed).toMatchObject({ code: 1013 });
  });
});
