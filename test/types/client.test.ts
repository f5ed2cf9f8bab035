/** What does not fit the contract does not compile: nothing in here is run, `npm run check` compiles it. */
import { connect, type BusbarError, type Bus, type Message, type Processed } from "busbar/client";
import { describe, expectTypeOf, it } from "vitest";
import { connect as connectInBrowser } from "../../src/entry/client-browser.js";
import { app, type App } from "./contract.js";

describe("connecting, in Node and in a browser", () => {
  it("gives the same bus, with the contract as a type alone or as a value", () => {
    expectTypeOf(() => connect<App>("wss://example.org/bus")).returns.toEqualTypeOf<Bus<App>>();
    expectTypeOf(() => connectInBrowser<App>("/bus")).returns.toEqualTypeOf<Bus<App>>();
    expectTypeOf(() => connect("wss://example.org/bus", { contract: app })).returns.toEqualTypeOf<Bus<App>>();
    expectTypeOf(() => connectInBrowser("/bus", { contract: app })).returns.toEqualTypeOf<Bus<App>>();
    expectTypeOf<typeof connectInBrowser>().toEqualTypeOf<typeof connect>();
  });

  it("takes a contract, and one that is its type", () => {
    expectTypeOf(() => [
      // @ts-expect-error a contract is no text
      connect("wss://example.org/bus", { contract: "app" }),
      // @ts-expect-error a contract is no text
      connectInBrowser("/bus", { contract: "app" }),
      // @ts-expect-error the type of a contract is no text
      connect<"app">("wss://example.org/bus"),
      // @ts-expect-error the type of a contract is no text
      connectInBrowser<"app">("/bus"),
    ]).toBeFunction();
  });

  it("knows nothing of the messages without a contract, and of no calls", () => {
    const publish = () => connect("wss://example.org/bus").channel("any/channel").publish({ any: "thing" });
    expectTypeOf(publish).returns.resolves.toHaveProperty("stage");
    const messages = () => connectInBrowser("/bus").channel("any/channel").messages();
    expectTypeOf(messages).returns.toEqualTypeOf<AsyncIterableIterator<Message<unknown>, undefined>>();
  });

  it("refuses what the contract does not have, whatever the entry", () => {
    expectTypeOf(() => [
      // @ts-expect-error the contract has no such channel
      connect<App>("wss://example.org/bus").channel("weather"),
      // @ts-expect-error the contract has no such channel
      connectInBrowser<App>("/bus").channel("weather"),
      // @ts-expect-error a message has a text
      connect<App>("wss://example.org/bus").channel("chat/lobby").publish({}),
      // @ts-expect-error a message has a text
      connectInBrowser<App>("/bus").channel("chat/lobby").publish({}),
      // @ts-expect-error a member has a name
      connect<App>("wss://example.org/bus").channel("chat/lobby").presence({ state: {} }),
      // @ts-expect-error a member has a name
      connectInBrowser<App>("/bus").channel("chat/lobby").presence({ state: {} }),
      // @ts-expect-error an order has a count
      connect<App>("wss://example.org/bus").call("orders/create", { sku: "a" }),
      // @ts-expect-error an order has a count
      connectInBrowser<App>("/bus").call("orders/create", { sku: "a" }),
    ]).toBeFunction();
  });
});

it("a client publishes what the contract takes, where it has channels", () => {
  expectTypeOf((bus: Bus<App>, room: string) => [
    bus.channel("chat/lobby").publish({ text: "hi" }),
    bus.channel(`chat/${room}`).publishAll([{ text: "hi", mood: "bad" }]),
    bus.channel("games/go/moves/ada").publish({ at: "12" }),
    // @ts-expect-error the contract has no such channel
    bus.channel("chat"),
    // @ts-expect-error any text is not a channel's name
    bus.channel(room),
    // @ts-expect-error a call is no channel
    bus.channel("orders/create"),
    // @ts-expect-error a room's name has no slash
    bus.channel("chat/a/b").publish({ text: "hi" }),
    // @ts-expect-error a player is missing
    bus.channel("games/go/moves"),
    // @ts-expect-error a message's text is a text
    bus.channel("chat/lobby").publish({ text: 1 }),
    // @ts-expect-error a mood is good or bad
    bus.channel("chat/lobby").publishAll([{ text: "hi", mood: "strange" }]),
    // @ts-expect-error a move is published as a text
    bus.channel("games/go/moves/ada").publish({ at: 12 }),
  ]).toBeFunction();
});

it("a client knows what a processor's rejection looks like, where the contract says so", () => {
  expectTypeOf((bus: Bus<App>, error: unknown) => {
    const moves = bus.channel("games/go/moves/ada");
    if (moves.isRejection(error)) {
      expectTypeOf(error).toExtend<BusbarError>();
      expectTypeOf(error.reason).toEqualTypeOf<{ rule: "turn" | "place" }>();
      // @ts-expect-error there is no such rule
      expectTypeOf(error.reason.rule === "time").toBeBoolean();
    }
    if (bus.channel("news").isRejection(error)) expectTypeOf(error.reason).toEqualTypeOf<string>();
    if (connect("/bus").channel("any").isRejection(error)) expectTypeOf(error.reason).toBeUnknown();
    // @ts-expect-error any error can be none
    return error.reason;
  }).toBeFunction();
});

it("a client schedules a message, and follows one that was accepted", () => {
  expectTypeOf(async (bus: Bus<App>) => {
    const news = bus.channel("news");
    const receipt = await news.publish("good", { deliverAt: new Date() });
    // @ts-expect-error only an accepted message is processed later
    await receipt.processed;
    if (receipt.stage === "accepted") {
      expectTypeOf(await receipt.processed).toEqualTypeOf<Processed>();
      await bus.follow(receipt.message, (stage) => {
        if (stage.stage === "retrying") expectTypeOf(stage.dueAt).toEqualTypeOf<number>();
      });
    }
    return [
      news.publishAll(["good", "better"], { after: 1_000 }),
      // @ts-expect-error a time is a Date or milliseconds
      news.publish("good", { deliverAt: "tomorrow" }),
    ];
  }).toBeFunction();
});

it("a client reads what the schema makes of the messages", () => {
  expectTypeOf((bus: Bus<App>) => bus.channel("chat/lobby").messages({ from: "last 50" })).returns.toEqualTypeOf<
    AsyncIterableIterator<Message<{ text: string; mood: "good" | "bad" }>, undefined>
  >();
  expectTypeOf((bus: Bus<App>) => [
    bus.channel("games/go/moves/ada").subscribe(({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ at: number }>();
    }),
    // @ts-expect-error a move is read as a number
    bus.channel("games/go/moves/ada").subscribe(({ data }: Message<{ at: string }>) => console.log(data.at)),
    // @ts-expect-error messages have no such member
    bus.channel("chat/lobby").subscribe(({ data }) => console.log(data.sender)),
    // @ts-expect-error reading begins nowhere else
    bus.channel("chat/lobby").messages({ from: "yesterday" }),
  ]).toBeFunction();
});

it("a client is seen as the contract says, where it has presence", () => {
  expectTypeOf(async (bus: Bus<App>) => {
    const presence = bus.channel("chat/lobby").presence({ state: { name: "Ada" } });
    presence.update({ name: "Ada", isTyping: true });
    // @ts-expect-error one is typing or not
    presence.update({ name: "Ada", isTyping: "yes" });
    for await (const members of presence) {
      expectTypeOf(members.map(({ state }) => state)).toEqualTypeOf<{ name: string; isTyping: boolean }[]>();
    }
  }).toBeFunction();
  expectTypeOf((bus: Bus<App>) => [
    bus.channel("games/go/moves/ada").presence({ state: {} }),
    // @ts-expect-error a color is black or white
    bus.channel("games/go/moves/ada").presence({ state: { color: "red" } }),
    // @ts-expect-error nobody is seen at the news
    bus.channel("news").presence({ state: { name: "Ada" } }),
  ]).toBeFunction();
});

it("a client calls what the server handles, and gets what the schema makes of the answer", () => {
  interface Order {
    id: string;
    at: number;
  }
  const create = (bus: Bus<App>) => bus.call("orders/create", { sku: "lamp", count: "2" });
  expectTypeOf(async (bus: Bus<App>) => create(bus)).returns.resolves.toEqualTypeOf<Order>();
  expectTypeOf((bus: Bus<App>) => create(bus).result()).returns.resolves.toEqualTypeOf<
    | { readonly kind: "ok"; readonly output: Order }
    | { readonly kind: "refused"; readonly reason: { left: number } }
    | { readonly kind: "failed"; readonly error: BusbarError }
  >();
  expectTypeOf(async (bus: Bus<App>, id: string) =>
    bus.call(`orders/${id}/cancel`, {}),
  ).returns.resolves.toEqualTypeOf<number>();
  expectTypeOf((bus: Bus<App>) => [
    // @ts-expect-error the contract has no such call
    bus.call("orders/crate", { sku: "lamp", count: "2" }),
    // @ts-expect-error the order's id is missing
    bus.call("orders/cancel", {}),
    // @ts-expect-error a channel is not called
    bus.call("news", "hello"),
    // @ts-expect-error this client handles it itself
    bus.call("confirm/sure", {}),
    // @ts-expect-error a count is sent as a text
    bus.call("orders/create", { sku: "lamp", count: 2 }),
    // @ts-expect-error a reason is a text
    bus.call("orders/7/cancel", { why: 1 }),
    // @ts-expect-error the answer is a number
    bus.call("orders/7/cancel", {}).then((answer: string) => answer),
    // @ts-expect-error an order has no such member
    bus.call("orders/create", { sku: "lamp", count: "2" }).then((order) => order.price),
  ]).toBeFunction();
});

it("a client handles the calls that the contract has it handle", () => {
  expectTypeOf((bus: Bus<App>) => [
    bus.handle("confirm/sure", async ({ text }, { refuse }) => {
      expectTypeOf(text).toEqualTypeOf<string>();
      expectTypeOf(refuse).parameter(0).toEqualTypeOf<"busy">();
      return text === "" ? refuse("busy") : "yes";
    }),
    // @ts-expect-error the contract has no such call
    bus.handle("ask/sure", () => "yes"),
    // @ts-expect-error the server handles this one
    bus.handle("orders/create", () => ({ id: "1", at: "" })),
    // @ts-expect-error the answer is a text, of which the schema makes true or false
    bus.handle("confirm/sure", () => true),
    // @ts-expect-error there is one reason to refuse
    bus.handle("confirm/sure", (_question, { refuse }) => refuse("tired")),
    // @ts-expect-error a question is a text
    bus.handle("confirm/sure", ({ text }: { text: number }) => String(text)),
  ]).toBeFunction();
});
