/** What docs/limits.md says of each limit. A limit without a row does not compile. */
import { busDefaults } from "../src/client/options.js";
import { compressionDefaults, keepaliveDefaults, limitDefaults } from "../src/engine/options.js";
import { serverLimits, type AllServerLimits } from "../src/server/limits.js";

/** What is said of one limit. */
interface Text {
  readonly what: string;
  /** What happens when it is exceeded. */
  readonly exceeded: string;
  /** The HTTP status, close code or error code that tells of it. */
  readonly code?: string;
}

/** A line of the table. */
export interface LimitRow extends Text {
  /** Where the option stands: `limits.socket.messageBytesMax`. */
  readonly option: string;
  readonly value: number | string | boolean;
}

export interface LimitSection {
  readonly heading: string;
  /** What is said above the table. */
  readonly text: string;
  readonly rows: readonly LimitRow[];
}

type Texts<Limits> = { readonly [Name in keyof Limits]-?: Text };
type ServerTexts = { readonly [Part in keyof AllServerLimits]: Texts<AllServerLimits[Part]> };

const server: ServerTexts = {
  socket: {
    messageBytesMax: {
      what: "a message in bytes, after inflating",
      exceeded: "the connection ends, before anything is allocated for the message",
      code: "1009",
    },
    fragmentsMax: {
      what: "frames of one message, empty ones counted",
      exceeded: "the connection ends",
      code: "1008",
    },
    headBytesMax: {
      what: "a request's line and headers in bytes, blanks around values not counted",
      exceeded: "refused; the socket is destroyed",
      code: "HTTP 431",
    },
    headersMax: { what: "headers of a request", exceeded: "refused; the socket is destroyed", code: "HTTP 431" },
    handshakeTimeoutMs: {
      what: "time for a request's line and headers, and the same again for authentication in the handshake",
      exceeded: "refused; the socket is destroyed, at most a tenth of the time later",
      code: "HTTP 408",
    },
    closeTimeoutMs: {
      what: "time for a peer to answer a close frame and to end the connection",
      exceeded: "the socket is destroyed",
    },
    connectionsMax: {
      what: "open WebSockets and handshakes in all",
      exceeded: "refused, with `Retry-After`; beyond 1,000 more, connections are dropped",
      code: "HTTP 503",
    },
    connectionsPerAddressMax: {
      what: "the same for one address",
      exceeded: "refused, with `Retry-After`",
      code: "HTTP 429",
    },
  },
  session: {
    helloTimeoutMs: {
      what: "time from connecting until the client has said who it is",
      exceeded: "the connection ends",
      code: "4001",
    },
    subscriptionsMax: {
      what: "subscriptions of a connection",
      exceeded: "refused",
      code: "`subscription/too-many`",
    },
    channelNameBytesMax: {
      what: "a channel's name in bytes: segments of `[A-Za-z0-9._~-]` joined by `/`; 255 is the most",
      exceeded: "refused",
      code: "`channel/invalid-name`",
    },
    membershipsMax: {
      what: "channels that a connection is present on",
      exceeded: "refused",
      code: "`subscription/too-many`",
    },
    callsMax: {
      what: "calls of a connection that are under way, each way, and calls that it offers",
      exceeded: "refused, with `retryAfterMs`",
      code: "`call/too-many`",
    },
    followsMax: {
      what: "accepted messages that a connection follows",
      exceeded: "refused",
      code: "`subscription/too-many`",
    },
    presenceStateMax: {
      what: "a member's state in characters of JSON",
      exceeded: "refused",
      code: "`message/invalid`",
    },
    commandsPerSecond: {
      what: "commands of a connection in a second, in the long run",
      exceeded: "refused, with `retryAfterMs`; who goes on is closed",
      code: "`limit/rate`, then 4003",
    },
    commandsBurstMax: { what: "… and at once", exceeded: "the same", code: "`limit/rate`, then 4003" },
    bytesPerSecond: {
      what: "commands of a connection in characters, in a second and at once",
      exceeded: "the same",
      code: "`limit/rate`, then 4003",
    },
    commandsWaitingMax: {
      what: "commands that wait until one before them is done",
      exceeded: "refused, with `retryAfterMs`",
      code: "`limit/rate`",
    },
    refusalsPerSecond: {
      what: "refusals that a connection causes in a second, in the long run",
      exceeded: "the connection ends",
      code: "4003",
    },
    refusalsBurstMax: { what: "… and at once", exceeded: "the connection ends", code: "4003" },
    outboxBytesMax: {
      what: "bytes that wait for one connection",
      exceeded:
        "its subscriptions leave the heads of their logs and catch up as it reads; with the policy `disconnect` it ends. Beyond 1 MiB of replies it ends as well",
      code: "4502, or 1013 for replies",
    },
  },
  pipeline: {
    waitingMax: { what: "messages of one channel under way", exceeded: "refused", code: "`server/busy`" },
    processTimeoutMs: { what: "time for a processor", exceeded: "aborted, and failed", code: "`message/failed`" },
    emitsMax: { what: "messages that a processor emits for one", exceeded: "it has failed", code: "`message/failed`" },
    delayMsMax: { what: "how far ahead a message is scheduled", exceeded: "refused", code: "`message/invalid`" },
  },
  hub: {
    readMessagesMax: { what: "messages that a reader takes from a log at once", exceeded: "the rest comes next" },
    readBytesMax: { what: "… and their bytes, the last one not counted", exceeded: "the rest comes next" },
    appendMessagesMax: { what: "messages that are appended to a log at once", exceeded: "the rest comes next" },
    membersMax: { what: "members present on one channel", exceeded: "refused", code: "`subscription/too-many`" },
    leaseMs: {
      what: "how long a client that vanished, or whose server did, stays present",
      exceeded: "its leave is told, once",
    },
  },
  revocations: {
    revocationsMax: {
      what: "revoked principals, and revoked tokens",
      exceeded: "`revoke` ends the sessions, and throws",
      code: "`auth/too-many-revocations`",
    },
    revocationKeepMs: { what: "how long a revocation is known", exceeded: "it is forgotten" },
  },
  policy: {
    assignmentsMax: {
      what: "principals with roles by the server's own code",
      exceeded: "`server.roles` throws",
      code: "`policy/too-many-assignments`",
    },
  },
  audit: {
    recentMax: { what: "events of each kind in memory", exceeded: "the oldest goes" },
    refusalsPerSecond: { what: "refusals and denials in a second", exceeded: "they are counted, in one event" },
    eventsPerSecond: { what: "events of each other kind in a second", exceeded: "they are counted, in one event" },
  },
  memory: {
    logsMax: {
      what: "channels with a log in memory",
      exceeded: "the log that was not used for the longest time is forgotten; where all are in use, refused",
      code: "`server/log-unavailable`",
    },
    logBytesMax: {
      what: "bytes of one log in memory",
      exceeded: "the oldest messages go; readers are told of the gap",
    },
    bytesMax: { what: "bytes of all logs in memory", exceeded: "unused logs go, then the oldest messages" },
    jobBytesMax: {
      what: "bytes of queued messages in memory",
      exceeded: "refused",
      code: "`server/log-unavailable`",
    },
    windowMs: {
      what: "how long a publish is remembered, so that a repeat is none",
      exceeded: "a later repeat is refused, never appended twice",
      code: "`publish/unknown-repeat`",
    },
    windowMessagesMax: {
      what: "… and how many of one channel",
      exceeded: "a repeat of an older one is refused",
      code: "`publish/unknown-repeat`",
    },
  },
  disk: {
    windowMs: {
      what: "the same for a store on disk",
      exceeded: "a later repeat is refused, never appended twice",
      code: "`publish/unknown-repeat`",
    },
    windowMessagesMax: {
      what: "… and how many of one channel",
      exceeded: "a repeat of an older one is refused",
      code: "`publish/unknown-repeat`",
    },
    readBatchesBytesMax: {
      what: "bytes of what was read on disk and is kept for a second for others who read the same, messages counting 128 more",
      exceeded: "what was read first is read from the disk again",
    },
  },
};

const keepalive: Texts<typeof keepaliveDefaults> = {
  idleMs: { what: "silence of a client", exceeded: "it is pinged" },
  timeoutMs: { what: "… and how long its answer may take", exceeded: "the connection ends; the session can resume" },
};

const compression: Texts<typeof compressionDefaults> = {
  level: { what: "zlib's level, once `compression` is on: it is off by default", exceeded: "" },
  fromBytes: { what: "the smallest message that is compressed", exceeded: "shorter ones are not compressed" },
  contextTakeover: { what: "whether a message is compressed with those before it", exceeded: "" },
};

/** Of the client's options those that are limits. */
const client: Omit<Texts<typeof busDefaults>, "auth" | "contract" | "signal"> = {
  reconnectDelayMs: { what: "the first delay before another attempt, any time up to it", exceeded: "" },
  reconnectDelayMsMax: {
    what: "the longest such delay, each doubled from the one before; a server's `retryAfterMs` wins",
    exceeded: "",
  },
  attemptTimeoutMs: {
    what: "time for one attempt to connect",
    exceeded: "the next attempt",
    code: "`connection/timeout`",
  },
  pingAfterMs: { what: "silence of the server", exceeded: "it is asked whether it is there" },
  pongTimeoutMs: { what: "… and how long its answer may take", exceeded: "the connection is given up" },
  commandBytesMax: { what: "a command in bytes", exceeded: "not sent", code: "`message/too-large`" },
  messagesWaitingMax: {
    what: "messages of a channel that wait for their reader",
    exceeded: "they are left in the server's log until there is room",
  },
  publishesWaitingMax: {
    what: "published messages that wait for receipts",
    exceeded: "refused",
    code: "`publish/too-many`",
  },
  publishesInFlightMax: { what: "… and those of them that are sent", exceeded: "the others wait" },
  publishCommandsPerSecond: { what: "commands that publish in a second", exceeded: "the others wait" },
  publishRetryMs: {
    what: "how long a message is sent again",
    exceeded: "its fate is unknown",
    code: "`publish/unknown-fate`",
  },
};

function rowsOf<Limits extends object>(path: string, limits: Limits, texts: Partial<Texts<Limits>>): LimitRow[] {
  const values = new Map<string, LimitRow["value"]>(Object.entries(limits));
  return Object.entries<Text | undefined>(texts).flatMap(([name, text]) =>
    text === undefined ? [] : [{ ...text, option: `${path}${name}`, value: values.get(name) ?? "" }],
  );
}

function part<Name extends keyof AllServerLimits>(name: Name): LimitRow[] {
  return rowsOf(`limits.${name}.`, serverLimits[name], server[name]);
}

export const limitSections: readonly LimitSection[] = [
  {
    heading: "Connections",
    text: "They hold for `attach`, too; but what `node:http` reads before it hands over an upgrade is limited by the server that is attached to.",
    rows: [
      ...part("socket"),
      ...rowsOf("keepalive.", keepaliveDefaults, keepalive),
      ...rowsOf("compression.", compressionDefaults, compression),
      {
        option: "origins",
        value: "same",
        what: "which pages may connect: those of the server's own origin, to the letter; or of a list, or `any`",
        exceeded: "refused",
        code: "HTTP 403",
      },
      {
        option: "",
        value: 1,
        what: "pongs that wait for a peer that does not read; one that reads is answered each ping",
        exceeded: "only the latest ping is answered",
      },
    ],
  },
  { heading: "Clients", text: "For each connection.", rows: part("session") },
  {
    heading: "Channels and presence",
    text: "",
    rows: [...part("hub"), ...part("memory"), ...part("disk")],
  },
  { heading: "Processing", text: "`queued` has options of its own for each queue.", rows: part("pipeline") },
  {
    heading: "Revocations, roles and the audit trail",
    text: "",
    rows: [...part("revocations"), ...part("policy"), ...part("audit")],
  },
  {
    heading: "The client",
    text: "Options of `connect` in `busbar/client`.",
    rows: rowsOf("", busDefaults, client),
  },
  {
    heading: "The engine by itself",
    text: "In `busbar/websocket` the limits on connections are `limits.…` without `socket`, and these differ:",
    rows: [
      {
        option: "limits.messageBytesMax",
        value: limitDefaults.messageBytesMax,
        what: server.socket.messageBytesMax.what,
        exceeded: "the connection ends",
        code: "1009",
      },
      {
        option: "limits.outboxBytesMax",
        value: limitDefaults.outboxBytesMax,
        what: "bytes that wait for one peer",
        exceeded: "`send` waits, or rejects, as `whenFull` says",
        code: "`websocket/outbox-full`",
      },
    ],
  },
];
