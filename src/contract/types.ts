import type { CallDefinition, CallSide } from "./call.js";
import type { ChannelDefinition } from "./channel.js";
import type { Contract } from "./contract.js";
import type { InputOf, OutputOf, StandardSchema } from "./standard-schema.js";

type PartsOf<App> = App extends Contract<infer Parts> ? Parts : never;

/** The patterns of a contract whose definitions are of this kind. */
type PatternsWith<App, Kind> = {
  [Pattern in keyof PartsOf<App> & string]: PartsOf<App>[Pattern] extends Kind ? Pattern : never;
}[keyof PartsOf<App> & string];

/** The patterns of a contract's channels: `"chat/:room" | "news"`. */
export type PatternsOf<App> = PatternsWith<App, ChannelDefinition>;

type CallOn<Side extends CallSide> = CallDefinition & { readonly handledBy: Side };

/** The patterns of the calls that the server handles. */
export type CallPatternsOf<App> = PatternsWith<App, CallOn<"server">>;

/** The patterns of the calls that the client handles. */
export type ClientCallPatternsOf<App> = PatternsWith<App, CallOn<"client">>;

/** The names that a pattern matches, as nearly as TypeScript can say it: `chat/${string}`. */
export type NamesOf<Pattern extends string> = Pattern extends `${infer Head}/${infer Tail}`
  ? `${SegmentOf<Head>}/${NamesOf<Tail>}`
  : SegmentOf<Pattern>;

type SegmentOf<Segment extends string> = Segment extends `:${string}` ? string : Segment;

/** All channel names of a contract. */
export type ChannelName<App> = NamesOf<PatternsOf<App>>;

/** `{ room: string }` for `"chat/:room"`. */
export type ParamsOf<Pattern extends string> = { readonly [Name in ParamNamesOf<Pattern>]: string };

type ParamNamesOf<Pattern extends string> = Pattern extends `${infer Head}/${infer Tail}`
  ? ParamNamesOf<Head> | ParamNamesOf<Tail>
  : Pattern extends `:${infer Name}`
    ? Name
    : never;

/** The names of the calls that the server handles. */
export type CallName<App> = NamesOf<CallPatternsOf<App>>;

/** The names of the calls that the client handles. */
export type ClientCallName<App> = NamesOf<ClientCallPatternsOf<App>>;

/** The pattern that a name belongs to: from the left, a segment that is written out goes before a parameter. */
export type PatternOf<App, Name extends string> = Found<Whole<keyof PartsOf<App> & string>, Name>;

/** A pattern, and what of it is still to be matched. */
type Candidate = readonly [rest: string, pattern: string];

type Whole<Pattern extends string> = Pattern extends string ? readonly [Pattern, Pattern] : never;

type Found<Candidates extends Candidate, Name extends string> = Name extends `${infer Head}/${infer Tail}`
  ? Preferred<Found<BehindLiteral<Candidates, Head>, Tail>, Found<BehindParam<Candidates>, Tail>>
  : Preferred<EndingWith<Candidates, Name>, EndingWithParam<Candidates>>;

type Preferred<First, Second> = [First] extends [never] ? Second : First;

type BehindLiteral<Candidates, Head extends string> = Candidates extends readonly [
  `${infer Literal}/${infer Rest}`,
  infer Pattern extends string,
]
  ? Head extends Literal
    ? readonly [Rest, Pattern]
    : never
  : never;

type BehindParam<Candidates> = Candidates extends readonly [`:${string}/${infer Rest}`, infer Pattern extends string]
  ? readonly [Rest, Pattern]
  : never;

type EndingWith<Candidates, Last extends string> = Candidates extends readonly [infer Rest, infer Pattern]
  ? Last extends Rest
    ? Pattern
    : never
  : never;

type EndingWithParam<Candidates> = Candidates extends readonly [`:${infer Param}`, infer Pattern]
  ? Param extends `${string}/${string}`
    ? never
    : Pattern
  : never;

type DefinitionOf<App, Name extends string> = PartsOf<App>[PatternOf<App, Name> & keyof PartsOf<App>];

/** What a subscriber of the channel gets. */
export type MessageOf<App, Name extends string> = OutputOf<MessageSchemaOf<DefinitionOf<App, Name>>>;

/** What may be published to the channel. */
export type PublishOf<App, Name extends string> = InputOf<MessageSchemaOf<DefinitionOf<App, Name>>>;

/** What the others see of a member of the channel. */
export type PresenceOf<App, Name extends string> = OutputOf<PresenceSchemaOf<DefinitionOf<App, Name>>>;

/** What a member tells about itself when it joins. */
export type JoinOf<App, Name extends string> = InputOf<PresenceSchemaOf<DefinitionOf<App, Name>>>;

/** Why the channel's processor can reject a message; a text where the contract does not say. */
export type RejectionOf<App, Name extends string> = ReasonOf<RejectionSchemaOf<DefinitionOf<App, Name>>>;

/** What a schema describes; a text where there is none, and anything where it is not known whether there is one. */
type ReasonOf<Schema> = [Schema] extends [undefined]
  ? string
  : [Schema] extends [StandardSchema]
    ? OutputOf<Schema>
    : unknown;

type MessageSchemaOf<Definition> =
  Definition extends ChannelDefinition<infer Message, infer _Presence, infer _Rejection> ? Message : never;

type PresenceSchemaOf<Definition> =
  Definition extends ChannelDefinition<infer _Message, infer Presence, infer _Rejection> ? Presence : never;

type RejectionSchemaOf<Definition> =
  Definition extends ChannelDefinition<infer _Message, infer _Presence, infer Rejection> ? Rejection : never;

/** What a call's handler gets. */
export type CallInputOf<App, Name extends string> = OutputOf<InputSchemaOf<DefinitionOf<App, Name>>>;

/** What a caller gives. */
export type CallSentOf<App, Name extends string> = InputOf<InputSchemaOf<DefinitionOf<App, Name>>>;

/** What a caller gets. */
export type CallOutputOf<App, Name extends string> = OutputOf<OutputSchemaOf<DefinitionOf<App, Name>>>;

/** What a call's handler answers. */
export type CallAnswerOf<App, Name extends string> = InputOf<OutputSchemaOf<DefinitionOf<App, Name>>>;

/** Why a call's handler can refuse; a text where the contract does not say. */
export type CallRefusalOf<App, Name extends string> =
  RefusalSchemaOf<DefinitionOf<App, Name>> extends undefined
    ? string
    : OutputOf<RefusalSchemaOf<DefinitionOf<App, Name>>>;

type InputSchemaOf<Definition> =
  Definition extends CallDefinition<infer Input, infer _Output, infer _Refusal, infer _Side> ? Input : never;

type OutputSchemaOf<Definition> =
  Definition extends CallDefinition<infer _Input, infer Output, infer _Refusal, infer _Side> ? Output : never;

type RefusalSchemaOf<Definition> =
  Definition extends CallDefinition<infer _Input, infer _Output, infer Refusal, infer _Side> ? Refusal : never;
