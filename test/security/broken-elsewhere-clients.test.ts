/** Where others were broken, in what clients ask for: tried on a running server while somebody else uses it. */
import { describe, expect, it } from "vitest";
import { errorMeanings } from "../../src/wire/error-meanings.js";
import { RawClient } from "../support/raw-client.js";
import { commandsOfWrongTypes, declaredParts, flood, notCommands, textFrame } from "./attacks.js";
import { busRequest, describeTwice } from "./bus-target.js";
import { forgedTokens, validTokens } from "./forged-tokens.js";
import { Sink } from "./sink.js";

describeTwice("a server, attacked by its clients", (target) => {
  describe("origins", () => {
    it.each([
      "null",
      "http://localhost.evil.example",
      "http://localhost:81",
      "https://localhost",
      "http://l\u043ecalhost",
    ])("such as %s are refused", async (origin) => {
      await target().attacked(`the origin ${origin}`, async () => {
        const request = Buffer.from(busRequest({ headers: { Origin: origin } }));
        const statuses = await Promise.all(Array.from({ length: 20 }, () => target().statusOf(request)));
        expect(new Set(statuses)).toEqual(new Set([403]));
      });
    });
  });

  describe("tokens", () => {
    it("that are forged, expired or confused are refused (Centrifugo CVE-2026-32301, CVE-2026-49998)", async () => {
      const sink = await Sink.open();
      // What can stand in a header: what cannot is refused for that.
      const forged = Object.values(forgedTokens(sink.url)).filter((token) => /^[\t\x20-\x7e]*$/.test(token));
      const statusWith = (token: string) =>
        target().statusOf(busRequest({ headers: { Authorization: `Bearer ${token}` } }));
      expect(forged.length).toBeGreaterThan(150);
      await target().attacked("forged tokens", async () => {
        for (const token of forged) expect(await statusWith(token)).toBe(401);
        for (let at = 0; at < forged.length; at += 20) {
          const statuses = await Promise.all(forged.slice(at, at + 20).map(statusWith));
          expect(new Set(statuses)).toEqual(new Set([401]));
        }
        for (const token of Object.values(validTokens())) expect(await statusWith(token)).toBe(101);
      });
      expect(await sink.visitors()).toBe(0);
      sink.close();
    });
  });

  describe("commands", () => {
    const known = new Set<unknown>(Object.keys(errorMeanings));
    /** A client may be refused a hundred times at once. */
    const perClient = 80;

    /** Have clients say all of it; the codes of the refusals that came. */
    async function codesOf(texts: readonly string[], isAlreadyKnown = true): Promise<ReadonlySet<unknown>> {
      const codes = new Set<unknown>();
      for (let at = 0; at < texts.length; at += perClient) {
        const client = isAlreadyKnown ? await target().login("bob", "builder") : await RawClient.connect(target().url);
        for (const text of texts.slice(at, at + perClient)) client.socket.send(text);
        const answers = await client.rest();
        for (const { error } of answers) if (error !== undefined) codes.add(Object(error)["code"]);
        client.cut();
      }
      return codes;
    }

    it("of wrong types are refused one by one (socket.io-parser CVE-2022-2421, CVE-2023-32695)", async () => {
      const texts = commandsOfWrongTypes();
      expect(texts.length).toBeGreaterThan(800);
      await target().attacked("commands of wrong types", async () => {
        const codes = await codesOf(texts);
        expect(codes).not.toContain("server/internal");
        expect([...codes].filter((code) => !known.has(code))).toEqual([]);
        expect(codes.size).toBeGreaterThan(3);
      });
    });

    it("of wrong types before anybody is known are refused", async () => {
      const texts = commandsOfWrongTypes().filter((text) => text.includes('"hello"'));
      await target().attacked("hellos of wrong types", async () => {
        const codes = new Set<unknown>();
        for (const text of texts) {
          const client = await RawClient.connect(target().url);
          client.socket.send(text);
          const { error } = await client.next();
          if (error !== undefined) codes.add(Object(error)["code"]);
          client.cut();
        }
        expect([...codes].toSorted()).toEqual(["auth/refused", "wire/malformed"]);
      });
    });

    it("that are none, or have the names of every object's members, change nothing for anybody", async () => {
      await target().attacked("no commands", async () => {
        const codes = await codesOf(notCommands);
        expect(codes).not.toContain("server/internal");
        expect([...codes].filter((code) => !known.has(code))).toEqual([]);
      });
    });

    it("that declare 10^9 parts cost what came of them (socket.io-parser CVE-2026-33151)", async () => {
      await target().attacked("10^9 declared parts", async () => {
        for (let times = 0; times < 5; times++) {
          const codes = await codesOf(declaredParts);
          expect(codes).not.toContain("server/internal");
          expect(codes).toContain("wire/malformed");
        }
      });
    });
  });

  describe("resuming a session", () => {
    const client = "victims-client-0123456789";
    const staff = "staff/room";

    it("authorizes anew: who has another's name, id and positions reads nothing by them", async () => {
      await target().attacked("resuming as somebody else", async () => {
        const auth = (username: string, password: string) => ({ scheme: "basic", username, password });
        const eve = await RawClient.connect(target().url);
        await eve.ask({ do: "hello", client, auth: auth("eve", "watches") });
        await eve.ask({ do: "subscribe", channel: staff });
        await eve.ask({ do: "publish", channel: staff, data: { text: "secret" }, seq: 1 });
        const { offset } = await eve.push("message");
        eve.cut();
        const cursors = [{ channel: staff, from: { last: 10 } }, { channel: staff, from: "start" }, { channel: staff }];

        const nobody = await RawClient.connect(target().url);
        expect(await nobody.ask({ do: "resume", cursors })).toMatchObject({ error: { code: "wire/hello-first" } });
        expect(await nobody.ask({ do: "hello", client })).toMatchObject({ error: { code: "auth/refused" } });
        expect((await nobody.closed).code).toBe(4002);

        for (const [name, password] of [
          ["bob", "builder"],
          ["rob", "reads"],
        ] as const) {
          const thief = await RawClient.connect(target().url);
          await thief.ask({ do: "hello", client, auth: auth(name, password) });
          const denied = { error: { code: "policy/denied" } };
          expect(await thief.ask({ do: "resume", cursors })).toMatchObject({
            ok: { cursors: [denied, denied, denied] },
          });
          expect(await thief.ask({ do: "subscribe", channel: staff })).toMatchObject(denied);
          const repeat = { do: "publish", channel: staff, data: { text: "secret" }, seq: 1 };
          expect(await thief.ask(repeat)).toMatchObject(denied);
          expect(await thief.rest()).toEqual([]);
          thief.cut();
        }
        expect(offset).toBe(1);
      });
    });
  });

  describe("channels", () => {
    const hello = '{"id":9,"do":"hello","auth":{"scheme":"basic","username":"bob","password":"builder"}}';
    const chunk = 1000;

    it.each([
      ["subscribed to", (name: string) => `{"id":1,"do":"subscribe","channel":"board/${name}"}`],
      ["published to", (name: string) => `{"id":1,"do":"publish","channel":"board/${name}","data":1}`],
      ["joined", (name: string) => `{"id":1,"do":"join","channel":"chat/${name}","state":{"name":"a"}}`],
    ])("a million names %s by one client leave nothing behind", async (what, command) => {
      const said = { names: 0 };
      const more = (): Buffer =>
        Buffer.concat(Array.from({ length: chunk }, () => textFrame(command(`${what.slice(0, 3)}-${said.names++}`))));
      await target().attacked(`a million names ${what}`, async () => {
        // It goes on after it was sent away …
        const peer = await target().upgraded();
        peer.write(textFrame(hello));
        const closed = peer.closeFrame();
        while (said.names < 950_000) await flood(peer, more(), 1);
        expect((await closed).code).toBe(4003);
        peer.socket.destroy();
        // … and comes back, to be sent away again and again.
        while (said.names < 1_000_000) {
          const next = await target().upgraded();
          next.write(textFrame(hello));
          await flood(next, more(), 1);
          expect((await next.closeFrame()).code).toBe(4003);
          next.socket.destroy();
        }
      });
    });
  });
});
