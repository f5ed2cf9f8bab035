/** Roles and policies on a running server, over real sockets. */
import { afterEach, describe, expect, it } from "vitest";
import { channel, contract } from "busbar";
import { connect } from "busbar/client";
import { basic, policy, serve, silentLogger, type BusServer, type ServeOptions } from "busbar/server";
import { z } from "zod";
import { RawClient, type RawOptions } from "../support/raw-client.js";
import { StallWatch } from "./stall-watch.js";

const app = contract({
  "chat/:room": channel({
    message: z.object({ text: z.string() }),
    presence: z.object({ name: z.string() }),
    allow: { subscribe: ["member"], publish: ["member"], presence: ["member"] },
  }),
  "inbox/:user": channel({ message: z.object({ text: z.string() }) }),
});
type App = typeof app;

const users = {
  ada: { password: "difference", roles: ["member"] },
  bob: { password: "builder", roles: ["admin"] },
  eve: { password: "ear", roles: ["guest"] },
};
const login = (url: string, name: keyof typeof users, options: RawOptions = {}): Promise<RawClient> =>
  RawClient.login(url, name, users[name].password, options);

const inboxes = policy<App>({
  roles: {
    guest: { allow: [{ do: "subscribe", on: "inbox/:user", where: { user: "id" } }] },
    member: { inherits: ["guest"] },
    admin: {
      inherits: ["member"],
      allow: [{ do: "publish", on: "inbox/:user", if: ({ claims }, { user }) => claims["enemy"] !== user }],
      deny: [{ do: "publish", on: "chat/announcements" }],
    },
  },
});
const withoutReading = policy<App>({ roles: { member: { deny: [{ do: "subscribe", on: "chat/:room" }] } } });

let server: BusServer<App>;
let url: string;
afterEach(() => server.close());

async function start(options: Partial<ServeOptions<App>> = {}): Promise<void> {
  server = await serve(app, { host: "127.0.0.1", authenticate: basic(users), logger: silentLogger, ...options });
  url = String(server.url);
}

const isDenied = { error: { code: "policy/denied" } };

describe("a policy", () => {
  it("binds channels to principals, lets roles inherit, and lets a denial go first", async () => {
    await start({ policy: inboxes });
    const [ada, bob, eve] = [await login(url, "ada"), await login(url, "bob"), await login(url, "eve")];
    const subscribe = (name: string) => ({ do: "subscribe", channel: name });
    const publish = (name: string) => ({ do: "publish", channel: name, data: { text: "x" } });
    expect(await ada.ask(subscribe("inbox/ada"))).toHaveProperty("ok");
    expect(await ada.ask(subscribe("inbox/bob"))).toMatchObject(isDenied);
    expect(await eve.ask(subscribe("inbox/eve"))).toHaveProperty("ok");
    expect(await eve.ask(subscribe("chat/a"))).toMatchObject(isDenied);
    expect(await ada.ask(publish("inbox/bob"))).toMatchObject(isDenied);
    expect(await bob.ask(publish("inbox/ada"))).toHaveProperty("ok");
    expect(await ada.push("message")).toMatchObject({ channel: "inbox/ada", from: "bob" });
    expect(await bob.ask(publish("chat/a"))).toHaveProperty("ok");
    expect(await bob.ask(publish("chat/announcements"))).toMatchObject(isDenied);
    expect(server.policy.explain("bob", "publish", "chat/a").text).toBe(
      'bob may publish chat/a: allow.publish of "chat/:room", by its role admin, which inherits from member',
    );
    expect(server.audit.recent()).toContainEqual(
      expect.objectContaining({ kind: "denied", rule: 'roles.admin.deny[0] (publish on "chat/announcements")' }),
    );
  });

  it.each([
    [{ do: "publish", on: "chat/:rom" }, "name its parameters as that does"],
    [{ do: "publish", on: "caht/:room" }, 'the contract has no "caht/:room"'],
    [{ do: "write", on: "chat/:room" }, "and not write"],
    [{ do: "call", on: "chat/:room" }, 'call: "chat/:room" has nothing of that'],
  ])("with the rule %o is refused at the start", async (rule, message) => {
    await start();
    const refused = async (): Promise<unknown> => {
      const other = policy({ roles: { member: { allow: [rule as { do: "publish"; on: string }] } } });
      return serve(app, { authenticate: basic(users), policy: other, logger: silentLogger });
    };
    await expect(refused()).rejects.toMatchObject({
      code: "policy/invalid",
      message: expect.stringContaining(message),
    });
  });

  it("with roles that inherit from themselves, or from nobody, is refused at the start", async () => {
    await start();
    const circle = { a: { inherits: ["b"] }, b: { inherits: ["a"] } };
    expect(() => policy({ roles: circle })).toThrow(expect.objectContaining({ code: "policy/circle" }));
    const unknown = policy({ roles: { admin: { inherits: ["membr"] } } });
    const serving = serve(app, { authenticate: basic(users), policy: unknown, logger: silentLogger });
    await expect(serving).rejects.toMatchObject({ code: "policy/invalid" });
  });
});

describe("a policy that is replaced while a publisher sends all it can", () => {
  /** Publish until told to stop. `more` resolves when 500 messages more have been published. */
  function flow(publisher: RawClient): { more: () => Promise<void>; stop: () => Promise<void> } {
    const over = new AbortController();
    let count = 0;
    const burst = async (): Promise<void> => {
      const messages = Array.from({ length: 50 }, () => ({ text: `${count++}` }));
      const { ok } = await publisher.ask({ do: "publishAll", channel: "chat/a", messages });
      expect(Object(ok).receipts).toMatchObject(messages.map(() => ({ stage: "delivered" })));
    };
    const run = async (): Promise<void> => {
      while (!over.signal.aborted) await burst();
    };
    const running = run();
    return {
      more: async () => {
        for (let burstCount = 0; burstCount < 10; burstCount++) await burst();
      },
      stop: () => {
        over.abort();
        return running;
      },
    };
  }

  const unlimited = { session: { commandsPerSecond: 1e9, commandsBurstMax: 1e9, bytesPerSecond: 1e9 } };
  const readers = 100;

  it.each([
    ["policy", () => server.policy.replace(withoutReading)],
    ["roles", () => server.roles("ada", ["guest"])],
  ])("by another %s: within a second every subscription ends, and not one message follows", async (_, change) => {
    await start({ limits: unlimited });
    const publisher = await login(url, "bob");
    await server.roles("bob", ["member"]);
    const clients = await Promise.all(Array.from({ length: readers }, () => login(url, "ada", { isRecording: true })));
    for (const client of clients) await client.ask({ do: "subscribe", channel: "chat/a" });
    const flowing = flow(publisher);
    await Promise.all(clients.map((client) => client.push("message")));
    const watch = new StallWatch();
    watch.start();
    await change();
    const ended = await Promise.all(clients.map((client) => client.push("unsubscribed")));
    expect(watch.stop().tookMs).toBeLessThan(1_000);
    expect(ended).toMatchObject(Array.from({ length: readers }, () => isDenied));
    await flowing.more();
    await flowing.stop();
    for (const client of clients) {
      await client.rest();
      const order = client.all.map(({ push }) => push);
      expect(order.lastIndexOf("message")).toBeLessThan(order.indexOf("unsubscribed"));
      expect(order.filter((push) => push === "unsubscribed")).toHaveLength(1);
    }
  });

  it("the client of the library is told why its reading ended", async () => {
    await start();
    const bus = connect<App>(url, { auth: () => ({ scheme: "basic", username: "ada", password: "difference" }) });
    const reading = (async () => {
      for await (const { data } of bus.channel("chat/a").messages()) expect(data).toBeDefined();
    })();
    const first = bus.channel("chat/a").publish({ text: "hello" });
    await first;
    await server.policy.replace(withoutReading);
    await expect(reading).rejects.toMatchObject({ code: "policy/denied" });
    bus.close();
  });
});

describe("a running server", () => {
  it("tells in a dry run who would lose what, and changes nothing", async () => {
    await start();
    const ada = await login(url, "ada");
    await ada.ask({ do: "subscribe", channel: "chat/a" });
    await login(url, "eve");
    const { count, losers } = await server.policy.dryRun(withoutReading);
    expect(count).toBe(1);
    expect(losers).toMatchObject([{ principal: "ada" }]);
    expect(losers[0]?.losses).toContainEqual({
      action: "subscribe",
      name: "chat/a",
      rule: 'roles.member.deny[0] (subscribe on "chat/:room")',
    });
    await server.channel("chat/a").publish({ text: "still" });
    expect(await ada.push("message")).toMatchObject({ data: { text: "still" } });
  });

  it("gives roles that outlast a connection, and takes them back", async () => {
    await start();
    await server.roles("eve", ["member"]);
    const eve = await login(url, "eve");
    expect(await eve.ask({ do: "subscribe", channel: "chat/a" })).toHaveProperty("ok");
    await server.roles("eve", undefined);
    expect(await eve.push("unsubscribed")).toMatchObject(isDenied);
    await server.roles("ada", []);
    const ada = await login(url, "ada");
    expect(await ada.ask({ do: "publish", channel: "chat/a", data: { text: "x" } })).toMatchObject(isDenied);
  });
});
