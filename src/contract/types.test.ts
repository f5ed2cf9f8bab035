import { expect, expectTypeOf, it } from "vitest";
import * as v from "valibot";
import { z } from "zod";
import { call } from "./call.js";
import { channel } from "./channel.js";
import { contract, type ChannelDefinitions, type Contract } from "./contract.js";
import type {
  CallAnswerOf,
  CallInputOf,
  CallName,
  CallOutputOf,
  CallRefusalOf,
  CallSentOf,
  ChannelName,
  ClientCallName,
  JoinOf,
  MessageOf,
  NamesOf,
  ParamsOf,
  PatternOf,
  PresenceOf,
  PublishOf,
  RejectionOf,
} from "./types.js";

const text = z.object({ text: z.string() });
const app = contract({
  "chat/:room": channel({ message: text, presence: z.object({ name: z.string().default("somebody") }) }),
  "chat/lobby": channel({ message: z.object({ lobby: z.literal(true) }) }),
  "games/:game/moves/:player": channel({
    message: z.string().transform((move) => move.length),
    rejection: z.object({ rule: z.number() }),
  }),
  news: channel({ message: z.number() }),
  "orders/create": call({
    input: z.object({ count: z.string().transform(Number) }),
    output: z.string().transform((id) => ({ id })),
    refusal: z.object({ left: z.number() }),
  }),
  "orders/:id/cancel": call({ input: v.object({ why: v.string() }), output: v.boolean() }),
  confirm: call({ input: v.string(), output: v.pipe(v.string(), v.transform(Number)), handledBy: "client" }),
});
type App = typeof app;

it("a name finds its pattern", () => {
  expectTypeOf<PatternOf<App, "chat/kitchen">>().toEqualTypeOf<"chat/:room">();
  expectTypeOf<PatternOf<App, `chat/${string}`>>().toEqualTypeOf<"chat/:room">();
  expectTypeOf<PatternOf<App, "chat/lobby">>().toEqualTypeOf<"chat/lobby">();
  expectTypeOf<PatternOf<App, "games/go/moves/ada">>().toEqualTypeOf<"games/:game/moves/:player">();
  expectTypeOf<PatternOf<App, "news">>().toEqualTypeOf<"news">();
});

it("where patterns overlap, a name finds the one that it finds at run time", () => {
  const overlapping = contract({
    "a/:x/c": channel({ message: z.literal("a/:x/c") }),
    "a/b/:y": channel({ message: z.literal("a/b/:y") }),
    "a/:x/d/e": channel({ message: z.literal("a/:x/d/e") }),
    "a/b": channel({ message: z.literal("a/b") }),
    ":w/b": channel({ message: z.literal(":w/b") }),
    ":w": channel({ message: z.literal(":w") }),
  });
  type Overlapping = typeof overlapping;
  interface Names {
    "a/b/c": "a/b/:y";
    "a/x/c": "a/:x/c";
    "a/b/d/e": "a/:x/d/e";
    "a/b": "a/b";
    "x/b": ":w/b";
    a: ":w";
  }
  expectTypeOf<{ [Name in keyof Names]: PatternOf<Overlapping, Name> }>().toEqualTypeOf<Names>();
  expectTypeOf<{ [Name in keyof Names]: MessageOf<Overlapping, Name> }>().toEqualTypeOf<Names>();
  const found: Names = {
    "a/b/c": "a/b/:y",
    "a/x/c": "a/:x/c",
    "a/b/d/e": "a/:x/d/e",
    "a/b": "a/b",
    "x/b": ":w/b",
    a: ":w",
  };
  for (const [name, pattern] of Object.entries(found)) expect(overlapping.match(name)?.pattern).toBe(pattern);
});

it("a name that no pattern matches finds none", () => {
  expectTypeOf<PatternOf<App, "chat">>().toBeNever();
  expectTypeOf<PatternOf<App, "chat/a/b">>().toBeNever();
  expectTypeOf<PatternOf<App, "games/go/move/ada">>().toBeNever();
  expectTypeOf<MessageOf<App, "weather">>().toBeNever();
});

it("the channel names of a contract can be told from others", () => {
  expectTypeOf<NamesOf<"games/:game/moves/:player">>().toEqualTypeOf<`games/${string}/moves/${string}`>();
  expectTypeOf<"chat/kitchen">().toExtend<ChannelName<App>>();
  expectTypeOf<"news">().toExtend<ChannelName<App>>();
  expectTypeOf<"weather">().not.toExtend<ChannelName<App>>();
  expectTypeOf<string>().not.toExtend<ChannelName<App>>();
});

it("messages, what is published, presence and parameters have their types", () => {
  expectTypeOf<MessageOf<App, "chat/kitchen">>().toEqualTypeOf<{ text: string }>();
  expectTypeOf<MessageOf<App, "chat/lobby">>().toEqualTypeOf<{ lobby: true }>();
  expectTypeOf<PublishOf<App, "games/go/moves/ada">>().toEqualTypeOf<string>();
  expectTypeOf<MessageOf<App, "games/go/moves/ada">>().toEqualTypeOf<number>();
  expectTypeOf<PresenceOf<App, "chat/kitchen">>().toEqualTypeOf<{ name: string }>();
  expectTypeOf<JoinOf<App, "chat/kitchen">>().toEqualTypeOf<{ name?: string | undefined }>();
  expectTypeOf<PresenceOf<App, "news">>().toBeNever();
  expectTypeOf<PresenceOf<App, "games/go/moves/ada">>().toBeNever();
  expectTypeOf<RejectionOf<App, "games/go/moves/ada">>().toEqualTypeOf<{ rule: number }>();
  expectTypeOf<RejectionOf<App, "chat/kitchen">>().toEqualTypeOf<string>();
  expectTypeOf<RejectionOf<Contract<ChannelDefinitions>, "any">>().toBeUnknown();
  expectTypeOf<ParamsOf<"games/:game/moves/:player">>().toEqualTypeOf<{
    readonly game: string;
    readonly player: string;
  }>();
  expectTypeOf<keyof ParamsOf<"news">>().toBeNever();
});

it("calls have their names, apart from the channels', by who handles them", () => {
  expectTypeOf<CallName<App>>().toEqualTypeOf<"orders/create" | `orders/${string}/cancel`>();
  expectTypeOf<ClientCallName<App>>().toEqualTypeOf<"confirm">();
  expectTypeOf<"orders/create">().not.toExtend<ChannelName<App>>();
  expectTypeOf<"news">().not.toExtend<CallName<App>>();
});

it("calls have the types of what is sent, got, answered and refused, of Zod's and of Valibot's schemas", () => {
  expectTypeOf<CallSentOf<App, "orders/create">>().toEqualTypeOf<{ count: string }>();
  expectTypeOf<CallInputOf<App, "orders/create">>().toEqualTypeOf<{ count: number }>();
  expectTypeOf<CallAnswerOf<App, "orders/create">>().toEqualTypeOf<string>();
  expectTypeOf<CallOutputOf<App, "orders/create">>().toEqualTypeOf<{ id: string }>();
  expectTypeOf<CallRefusalOf<App, "orders/create">>().toEqualTypeOf<{ left: number }>();
  expectTypeOf<CallInputOf<App, "orders/7/cancel">>().toEqualTypeOf<{ why: string }>();
  expectTypeOf<CallOutputOf<App, "orders/7/cancel">>().toEqualTypeOf<boolean>();
  expectTypeOf<CallRefusalOf<App, "orders/7/cancel">>().toEqualTypeOf<string>();
  expectTypeOf<CallAnswerOf<App, "confirm">>().toEqualTypeOf<string>();
  expectTypeOf<CallOutputOf<App, "confirm">>().toEqualTypeOf<number>();
  expectTypeOf<CallOutputOf<App, "nothing">>().toBeNever();
});

it("every contract is a contract", () => {
  expectTypeOf<App>().toExtend<Contract>();
});

it("a channel refuses options that are not its own", () => {
  // @ts-expect-error a message needs a schema
  expectTypeOf(channel).toBeCallableWith({ message: "text" });
  // @ts-expect-error roles are lists
  expectTypeOf(channel).toBeCallableWith({ message: text, allow: { publish: "member" } });
});
