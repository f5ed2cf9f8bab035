/** What does not fit the contract does not compile: nothing in here is run, `npm run check` compiles it. */
import {
  attach,
  pipe,
  policy,
  queued,
  serve,
  type BusClient,
  type BusServer,
  type Handlers,
  type Policy,
  type Processors,
} from "busbar/server";
import type { Server } from "node:http";
import { expectTypeOf, it } from "vitest";
import { app, type App } from "./contract.js";

const authenticate = (): undefined => undefined;

it("serving and attaching take the contract's processors and handlers", () => {
  expectTypeOf(() => serve(app, { authenticate })).returns.resolves.toEqualTypeOf<BusServer<App>>();
  expectTypeOf((http: Server) => attach(http, app, { authenticate })).returns.resolves.toEqualTypeOf<BusServer<App>>();
  expectTypeOf(() => [
    serve(app, { authenticate, process: { news: (text) => text.trim() }, handle: {} }),
    // @ts-expect-error the contract has no such channel
    serve(app, { authenticate, process: { weather: (text: string) => text } }),
    // @ts-expect-error a call is not processed
    serve(app, { authenticate, process: { "orders/create": (order: string) => order } }),
    // @ts-expect-error news are texts
    serve(app, { authenticate, process: { news: (count: number) => count } }),
    // @ts-expect-error the contract has no such call
    serve(app, { authenticate, handle: { "orders/crate": () => 1 } }),
    // @ts-expect-error a channel is not handled
    serve(app, { authenticate, handle: { news: () => "1" } }),
    // @ts-expect-error the client handles this one
    serve(app, { authenticate, handle: { "confirm/:question": () => "yes" } }),
    // @ts-expect-error a handler that answers with what the caller gets, not with what the contract makes it of
    serve(app, { authenticate, handle: { "orders/:id/cancel": () => 1 } }),
  ]).toBeFunction();
  expectTypeOf((http: Server) => [
    attach(http, app, { authenticate, process: { news: (text) => text.trim() } }),
    // @ts-expect-error the contract has no such channel
    attach(http, app, { authenticate, process: { weather: (text: string) => text } }),
    // @ts-expect-error the contract has no such call
    attach(http, app, { authenticate, handle: { "orders/crate": () => 1 } }),
  ]).toBeFunction();
});

it("a policy speaks of what the contract has, and of its parameters by their names", () => {
  expectTypeOf(() =>
    policy<App>({
      roles: {
        member: {
          allow: [
            { do: ["subscribe", "publish"], on: "chat/:room", if: (_, { room }) => room.length > 1 },
            { do: "publish", on: "chat/lobby" },
            { do: "publish", on: "games/:game/moves/:player", where: { player: "id", game: "claims.games" } },
            { do: "*", on: ["news", "orders/create", "confirm/:question"] },
            { do: "*", on: "*", if: ({ id }, params) => params["room"] === id },
          ],
          deny: [
            // @ts-expect-error the contract has no such channel
            { do: "publish", on: "weather" },
            // @ts-expect-error there is no such thing to do
            { do: "read", on: "news" },
            // @ts-expect-error the pattern has no such parameter
            { do: "publish", on: "chat/:room", where: { user: "id" } },
            // @ts-expect-error a parameter is bound to the id or a claim
            { do: "publish", on: "chat/:room", where: { room: "name" } },
            // @ts-expect-error a condition decides at once
            { do: "publish", on: "chat/:room", if: async () => true },
          ],
        },
      },
    }),
  ).returns.toEqualTypeOf<Policy>();
  // Without a contract's type, anything that has the form.
  expectTypeOf(() => policy({ roles: { member: { allow: [{ do: "publish", on: "weather" }] } } })).toBeFunction();
});

it("a processor gets what the schema makes of a message, and the pattern's parameters", () => {
  expectTypeOf<Processors<App>>().toHaveProperty("news");
  expectTypeOf<keyof Processors<App>>().toEqualTypeOf<"chat/:room" | "games/:game/moves/:player" | "news">();
  const processors: Processors<App> = {
    "chat/:room": async (message, { params, principal, reject }) => {
      expectTypeOf(message).toEqualTypeOf<{ text: string; mood: "good" | "bad" }>();
      expectTypeOf(params).toEqualTypeOf<{ readonly room: string }>();
      // @ts-expect-error the pattern has no such parameter
      expectTypeOf(params.game).toBeAny();
      // @ts-expect-error messages have no such member
      expectTypeOf(message.sender).toBeAny();
      // @ts-expect-error a text, where the contract does not say
      if (message.text === "") return reject({ rule: "turn" });
      return principal.id === params.room ? { ...message, mood: "bad" } : reject("not yours");
    },
    "games/:game/moves/:player": ({ at }, { params, drop, reject }) => {
      expectTypeOf(at).toEqualTypeOf<number>();
      expectTypeOf(params).toEqualTypeOf<{ readonly game: string; readonly player: string }>();
      expectTypeOf(reject).parameter(0).toEqualTypeOf<{ rule: "turn" | "place" }>();
      // @ts-expect-error the contract says what a rejection is
      if (at > 19) return reject("there is no such place");
      if (at > 18) return reject({ rule: "place" });
      return at < 0 ? drop() : { at: at + 1 };
    },
  };
  expectTypeOf(processors).toBeObject();
  expectTypeOf((): Processors<App>[] => [
    { "games/:game/moves/:player": queued((_move, { reject }) => reject({ rule: "turn" })) },
    // @ts-expect-error there is no such rule
    { "games/:game/moves/:player": queued((_move, { reject }) => reject({ rule: "time" })) },
    {
      "games/:game/moves/:player": pipe(
        (move) => move,
        (_move, { reject }) => reject({ rule: "turn" }),
      ),
    },
    // @ts-expect-error a mood is good or bad
    { "chat/:room": (message) => ({ ...message, mood: "strange" }) },
    // @ts-expect-error a processor gives what subscribers get
    { "games/:game/moves/:player": () => ({ at: "12" }) },
    // @ts-expect-error a processor always gives something
    { news: async () => {} },
  ]).toBeFunction();
});

it("a handler gets what the schema makes of an input, and answers with what the schema makes the output of", () => {
  expectTypeOf<keyof Handlers<App>>().toEqualTypeOf<"orders/create" | "orders/:id/cancel">();
  const handlers: Handlers<App> = {
    "orders/create": async (input, { client, params, principal, refuse, signal }) => {
      expectTypeOf(input).toEqualTypeOf<{ sku: string; count: number }>();
      expectTypeOf<keyof typeof params>().toBeNever();
      expectTypeOf(refuse).parameter(0).toEqualTypeOf<{ left: number }>();
      const isConfirmed = await client.call("confirm/sure", {}, { signal });
      expectTypeOf(isConfirmed).toEqualTypeOf<boolean>();
      // @ts-expect-error the reason has a number
      if (principal.id === "nobody") return refuse("sold out");
      return isConfirmed ? { id: "1", at: "2026-01-01T00:00:00Z" } : refuse({ left: 0 });
    },
    "orders/:id/cancel": ({ why }, { params, refuse }) => {
      expectTypeOf(why).toEqualTypeOf<string>();
      expectTypeOf(params).toEqualTypeOf<{ readonly id: string }>();
      // @ts-expect-error the pattern has no such parameter
      expectTypeOf(params.order).toBeAny();
      return why === "" ? refuse("say why") : "12";
    },
  };
  expectTypeOf(handlers).toBeObject();
  expectTypeOf((): Handlers<App>[] => [
    // @ts-expect-error the time is a text until the schema has made a number of it
    { "orders/create": () => ({ id: "1", at: 0 }) },
    // @ts-expect-error the answer has an id
    { "orders/create": async () => ({ at: "2026-01-01T00:00:00Z" }) },
    // @ts-expect-error a handler always answers
    { "orders/:id/cancel": async () => {} },
  ]).toBeFunction();
});

it("the server's own code publishes what the contract takes, where it has channels", () => {
  expectTypeOf((server: BusServer<App>) => [
    server.channel("chat/lobby").publish({ text: "hi" }),
    server.channel("chat/lobby").publishAll([{ text: "hi", mood: "bad" }]),
    server.channel("games/go/moves/ada").publish({ at: "12" }),
    // @ts-expect-error the contract has no such channel
    server.channel("weather"),
    // @ts-expect-error a call is no channel
    server.channel("orders/create"),
    // @ts-expect-error a room's name has no slash
    server.channel("chat/a/b").publish({ text: "hi" }),
    // @ts-expect-error a message has a text
    server.channel("chat/lobby").publish({ mood: "good" }),
    // @ts-expect-error a message's text is a text
    server.channel("chat/lobby").publishAll([{ text: 1 }]),
    // @ts-expect-error a move is published as a text
    server.channel("games/go/moves/ada").publish({ at: 12 }),
  ]).toBeFunction();
});

it("the server's own code calls what clients handle", () => {
  const confirm = (client: BusClient<App>) => client.call("confirm/sure", { text: "Sure?" });
  expectTypeOf(confirm).returns.resolves.toEqualTypeOf<boolean>();
  expectTypeOf((server: BusServer<App>) => [...server.clients()]).returns.toEqualTypeOf<BusClient<App>[]>();
  expectTypeOf((client: BusClient<App>) => [
    // @ts-expect-error the contract has no such call
    client.call("ask/sure", {}),
    // @ts-expect-error the server handles this one itself
    client.call("orders/create", { sku: "a", count: "1" }),
    // @ts-expect-error a text is a text
    client.call("confirm/sure", { text: 1 }),
    // @ts-expect-error an answer is true or false
    client.call("confirm/sure", {}).then((answer: string) => answer),
  ]).toBeFunction();
});
