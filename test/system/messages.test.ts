import { describe, expect, it } from "vitest";
import { app, BusGround, users } from "../support/bus-ground.js";
import { RawClient } from "../support/raw-client.js";
import { serve } from "../../src/server/serve.js";
import { basic } from "../../src/engine/passwords.js";
import { silentLogger } from "../../src/kernel/logger.js";

const ground = new BusGround();
const lobby = "chat/lobby";
const publish = (text: string) => ({ do: "publish", channel: lobby, data: { text } });

describe("messages", () => {
  it("go both ways, in order, to everybody who is subscribed", async () => {
    const [ada, bob] = await ground.serveTo("ada", "bob");
    for (const client of [ada, bob]) await client.ask({ do: "subscribe", channel: lobby });
    const receipts = await Promise.all([ada, bob, ada].map((client, index) => client.ask(publish(`${index}`))));
    const offsets = receipts.map((receipt) => Object(Object(receipt["ok"])["position"])["offset"]);
    expect(offsets.toSorted()).toEqual([1, 2, 3]);
    const seen = [];
    for (const client of [ada, bob]) {
      seen.push([await client.push("message"), await client.push("message"), await client.push("message")]);
    }
    expect(seen[0]?.map((push) => push["offset"])).toEqual([1, 2, 3]);
    expect(seen[0]).toEqual(seen[1]);
    const froms = seen[0]?.map((push) => [Object(push["data"])["text"], push["from"]]);
    expect(froms).toEqual(
      expect.arrayContaining([
        ["0", "ada"],
        ["1", "bob"],
        ["2", "ada"],
      ]),
    );
  });

  it("carry any text and size that the contract allows, compressed or not", async () => {
    const { url } = await ground.serve({ compression: true });
    const ada = await RawClient.login(url, "ada", "lovelace");
    const zipped = await RawClient.connect(url, { compression: true });
    await zipped.ask({ do: "hello", auth: { scheme: "basic", username: "bob", password: "builder" } });
    for (const client of [ada, zipped]) await client.ask({ do: "subscribe", channel: lobby });
    for (const text of ['ünï😀\u0000"\\\ud800', "x".repeat(50_000)]) {
      await ada.ask(publish(text));
      const wellFormed = JSON.parse(JSON.stringify(text));
      for (const client of [ada, zipped])
        expect(await client.push("message")).toMatchObject({ data: { text: wellFormed } });
    }
  });

  it("of the server's own reach everybody", async () => {
    const { server, url } = await ground.serve();
    const rob = await RawClient.login(url, "rob", "reads");
    await rob.ask({ do: "subscribe", channel: lobby });
    const receipt = await server.channel(lobby).publish({ text: "news" });
    expect(receipt).toMatchObject({ stage: "delivered", position: { offset: 1 } });
    expect(await rob.push("message")).toMatchObject({ data: { text: "news" }, from: "server" });
  });

  it("pass the processor, which can change, reject and drop them", async () => {
    const { url } = await ground.serve({
      process: {
        "chat/:room": async ({ text }, { drop, params, principal, reject }) => {
          if (text === "rude") return reject(`not in ${params.room}, ${principal.id}`);
          if (text === "bug") throw new Error("a bug");
          return text === "spam" ? drop() : { text: text.toUpperCase() };
        },
      },
    });
    const ada = await RawClient.login(url, "ada", "lovelace");
    await ada.ask({ do: "subscribe", channel: lobby });
    expect(await ada.ask(publish("rude"))).toMatchObject({
      error: { code: "message/rejected", message: "not in lobby, ada" },
    });
    expect(await ada.ask(publish("bug"))).toMatchObject({
      error: { code: "message/failed", message: "the processor failed" },
    });
    expect(await ada.ask(publish("spam"))).toMatchObject({ ok: { stage: "dropped" } });
    expect(await ada.ask(publish("hello"))).toMatchObject({ ok: { stage: "delivered" } });
    expect((await ada.rest()).filter(({ push }) => push === "message")).toMatchObject([
      { offset: 1, data: { text: "HELLO" } },
    ]);
    expect(ground.lines).toContainEqual({
      event: "pipeline/failed",
      fields: expect.objectContaining({ principal: "ada", channel: lobby, cause: "Error: a bug" }),
    });
  });

  it("of who may only read are refused, with a reason", async () => {
    const [rob] = await ground.serveTo("rob");
    const message = "rob may not publish to chat/lobby";
    expect(await rob.ask(publish("x"))).toMatchObject({ error: { code: "policy/denied", message, retryable: false } });
    expect(ground.lines).toContainEqual({
      event: "session/refused",
      fields: expect.objectContaining({
        principal: "rob",
        command: "publish",
        channel: lobby,
        code: "policy/denied",
        message,
      }),
    });
  });

  it("go on for subscribers that come back after a cut, behind what they saw", async () => {
    const { url } = await ground.serve();
    const [ada, bob] = [await RawClient.login(url, "ada", "lovelace"), await RawClient.login(url, "bob", "builder")];
    const { epoch } = Object(Object((await bob.ask({ do: "subscribe", channel: lobby }))["ok"])["position"]);
    await ada.ask(publish("1"));
    const { offset } = await bob.push("message");
    bob.cut();
    await ada.ask(publish("2"));
    await ada.ask(publish("3"));
    const again = await RawClient.login(url, "bob", "builder");
    await again.ask({ do: "subscribe", channel: lobby, from: { epoch, offset } });
    await ada.ask(publish("4"));
    const texts = [];
    for (let count = 0; count < 3; count++) texts.push(Object((await again.push("message"))["data"])["text"]);
    expect(texts).toEqual(["2", "3", "4"]);
  });

  it("that are gone are told as a gap before the next", async () => {
    const [ada] = await ground.serveTo("ada");
    const board = { channel: "board/b" };
    let epoch: unknown;
    for (let count = 1; count <= 5; count++) {
      const reply = await ada.ask({ do: "publish", ...board, data: count });
      epoch = Object(Object(reply["ok"])["position"])["epoch"];
    }
    await ada.ask({ do: "subscribe", ...board, from: { epoch, offset: 1 } });
    expect(await ada.next()).toEqual({
      push: "gap",
      ...board,
      position: { epoch, offset: 2 },
      lost: { from: 2, to: 2 },
    });
    expect([await ada.next(), await ada.next(), await ada.next()]).toMatchObject([
      { offset: 3 },
      { offset: 4 },
      { offset: 5 },
    ]);
  });

  it("of a server that was started anew are told as a gap without a range", async () => {
    const options = { authenticate: basic(users), host: "127.0.0.1", logger: silentLogger };
    const first = await serve(app, options);
    const ada = await RawClient.login(String(first.url), "ada", "lovelace");
    const position = Object((await ada.ask(publish("1")))["ok"])["position"];
    await first.close();
    const { url } = await ground.serve();
    const again = await RawClient.login(url, "ada", "lovelace");
    await again.ask(publish("of the new epoch"));
    await again.ask({ do: "subscribe", channel: lobby, from: position });
    const gap = await again.push("gap");
    expect(gap).not.toHaveProperty("lost");
    expect(gap).toMatchObject({ position: { offset: 0 } });
    expect(await again.push("message")).toMatchObject({ offset: 1, data: { text: "of the new epoch" } });
  });
});
