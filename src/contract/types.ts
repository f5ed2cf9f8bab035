import type { ChannelDefinition, Contract } from "./contract.js";
import type { InputOf, OutputOf } from "./standard-schema.js";

/** The channels of a contract. */
export type ChannelsOf<App> = App extends Contract<infer Channels> ? Channels : never;

/** The patterns of a contract: `"chat/:room" | "news"`. */
export type PatternsOf<App> = keyof ChannelsOf<App> & string;

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

/** The pattern that a name belongs to. A pattern that is the name itself goes before others. */
export type PatternOf<App, Name extends string> =
  Name extends PatternsOf<App>
    ? Name
    : { [Pattern in PatternsOf<App>]: Matches<Pattern, Name> extends true ? Pattern : never }[PatternsOf<App>];

type Matches<Pattern extends string, Name extends string> = Pattern extends `${infer PatternHead}/${infer PatternTail}`
  ? Name extends `${infer NameHead}/${infer NameTail}`
    ? MatchesSegment<PatternHead, NameHead> extends true
      ? Matches<PatternTail, NameTail>
      : false
    : false
  : Name extends `${string}/${string}`
    ? false
    : MatchesSegment<Pattern, Name>;

type MatchesSegment<Pattern extends string, Segment extends string> = Pattern extends `:${string}`
  ? true
  : Segment extends Pattern
    ? true
    : false;

type DefinitionOf<App, Name extends string> = ChannelsOf<App>[PatternOf<App, Name> & keyof ChannelsOf<App>];

/** What a subscriber of the channel gets. */
export type MessageOf<App, Name extends string> = OutputOf<MessageSchemaOf<DefinitionOf<App, Name>>>;

/** What may be published to the channel. */
export type PublishOf<App, Name extends string> = InputOf<MessageSchemaOf<DefinitionOf<App, Name>>>;

/** What the others see of a member of the channel. */
export type PresenceOf<App, Name extends string> = OutputOf<PresenceSchemaOf<DefinitionOf<App, Name>>>;

/** What a member tells about itself when it joins. */
export type JoinOf<App, Name extends string> = InputOf<PresenceSchemaOf<DefinitionOf<App, Name>>>;

type MessageSchemaOf<Definition> =
  Definition extends ChannelDefinition<infer Message, infer _Presence> ? Message : never;

type PresenceSchemaOf<Definition> =
  Definition extends ChannelDefinition<infer _Message, infer Presence> ? Presence : never;
