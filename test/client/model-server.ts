/** A server of `busbar.v1` that is as simple as can be, for tests of the client: every channel is an array. */
import type { Clock } from "../../src/kernel/clock.js";
import type { MemoryNetwork, MemoryPeer } from "../../src/testing/memory-network.js";
import { decodeCommand } from "../../src/wire/command-codec.js";
import { errorBody, inReplyTo, wireError, WireError } from "../../src/wire/errors.js";
import type {
  Command,
  CursorRequest,
  HelloCommand,
  HelloOk,
  JoinCommand,
  OkOf,
  PresenceMember,
  PublishOk,
  Repeatable,
  Stage,
  SubscribeFrom,
  SubscribeOk,
} from "../../src/wire/messages.js";
import { encodeError, encodeOk, encodePush } from "../../src/wire/server-message-codec.js";

/** How long the presence of a client that was cut stays (docs/protocol.md, close codes). */
const LEASE_MS = 30_000;

interface Log {
  epoch: string;
  /** The offset of the first message that is kept. */
  firstOffset: number;
  messages: { readonly data: unknown; readonly from: string }[];
}

/** What the server knows of one client's publishes to one channel. */
interface Producer {
  /** Where each of its numbers is in the log. */
  readonly receipts: Map<number, PublishOk>;
  /** The first of its numbers that was refused for now: what is behind it is refused until it comes again. */
  heldUpAt: number | undefined;
}

interface Session {
  readonly peer: MemoryPeer;
  readonly id: string;
  /** The client's name; of those that have none, a new one for each session. */
  readonly client: string;
  readonly channels: Set<string>;
  /** The messages that it follows. */
  readonly follows: Set<string>;
}

type SessionCommand = Exclude<Command, { readonly do: "hello" }>;

const passing = new Set(["limit/rate", "server/busy", "server/stopping", "server/log-unavailable"]);

export class ModelServer {
  /** Every command that came, in order. */
  readonly commands: Command[] = [];
  /** How many messages came from clients. */
  frameCount = 0;
  /** How many messages were refused since one before them was. */
  outOfTurnCount = 0;
  /** Looked at before each command: an error refuses it, "silence" leaves it unanswered. */
  refuse: (command: Command) => WireError | "silence" | undefined = () => undefined;
  /** Looked at before each message is appended: an error refuses it. */
  refuseMessage: (data: unknown) => WireError | undefined = () => undefined;
  /** Messages for which this says an id are accepted, and processed later: `moveTo` says how that goes. */
  accept: (command: Command, data: unknown) => string | undefined = () => undefined;
  /** What `hello` is answered beside the session and the principal. */
  welcome: Pick<HelloOk, "expiresInMs" | "contract"> = {};
  /** What `compare` is answered. */
  comparison: OkOf["compare"] = { changed: [], missing: [] };
  /** How many messages a channel keeps. */
  keepMax = Number.POSITIVE_INFINITY;
  /** What was appended to the channel in its present epoch, kept or not. */
  readonly published = new Map<string, unknown[]>();
  readonly #clock: Clock;
  /** Where each accepted message is. */
  readonly #stages = new Map<string, Stage>();
  readonly #logs = new Map<string, Log>();
  readonly #members = new Map<string, Map<string, PresenceMember>>();
  readonly #producers = new Map<string, Producer>();
  readonly #sessions = new Map<MemoryPeer, Session>();
  #epochs = 0;
  #memberships = 0;
  #nameless = 0;

  constructor(network: MemoryNetwork, clock: Clock) {
    this.#clock = clock;
    network.listen((peer) => ({
      messageReceived: (text) => this.#receive(peer, text),
      peerClosed: ({ code }) => this.#closed(peer, code),
    }));
  }

  /** Publish as somebody else. */
  publish(channel: string, data: unknown, from = "server"): number {
    const log = this.#log(channel);
    log.messages.push({ data, from });
    const offset = log.firstOffset + log.messages.length - 1;
    const published = this.published.get(channel) ?? [];
    this.published.set(channel, published);
    published.push(data);
    while (log.messages.length > this.keepMax) {
      log.messages.shift();
      log.firstOffset++;
    }
    this.#eachSubscriber(channel, (peer) =>
      peer.send(encodePush({ push: "message", channel, offset, data, from, at: 0 })),
    );
    return offset;
  }

  /** An accepted message has got further. */
  moveTo(message: string, stage: Stage): void {
    this.#stages.set(message, stage);
    for (const { peer, follows } of this.#sessions.values()) {
      if (follows.has(message)) peer.send(encodePush({ push: "stage", message, ...stage }));
    }
  }

  /** Forget all that was said, as a server without a store does when it starts again. */
  forget(): void {
    this.#logs.clear();
    this.#producers.clear();
    this.published.clear();
  }

  /** Say goodbye to everybody and close. */
  stop(retryAfterMs: number): void {
    for (const peer of this.#sessions.keys()) {
      peer.send(encodePush({ push: "goodbye", retryAfterMs }));
      peer.close(1012);
    }
  }

  /** End the subscriptions of a channel. */
  unsubscribe(channel: string, error: WireError): void {
    this.#eachSubscriber(channel, (peer, session) => {
      session.channels.delete(channel);
      peer.send(encodePush({ push: "unsubscribed", channel, error: errorBody(error) }));
    });
  }

  /** Send all clients some text. */
  say(text: string): void {
    for (const peer of this.#sessions.keys()) peer.send(text);
  }

  closeAll(code: number, reason = ""): void {
    for (const peer of this.#sessions.keys()) peer.close(code, reason);
  }

  #log(channel: string): Log {
    const known = this.#logs.get(channel);
    if (known !== undefined) return known;
    const log: Log = { epoch: `e${++this.#epochs}`, firstOffset: 1, messages: [] };
    this.#logs.set(channel, log);
    return log;
  }

  #eachSubscriber(channel: string, task: (peer: MemoryPeer, session: Session) => void): void {
    for (const [peer, session] of this.#sessions) if (session.channels.has(channel)) task(peer, session);
  }

  #receive(peer: MemoryPeer, text: string): void {
    this.frameCount++;
    const command = decodeCommand(text);
    if (command instanceof WireError) return peer.send(encodeError(command));
    this.commands.push(command);
    const refusal = this.refuse(command);
    if (refusal === "silence") return;
    if (refusal !== undefined) return peer.send(encodeError(inReplyTo(refusal, command.id)));
    if (command.do === "hello") return this.#greet(peer, command);
    const session = this.#sessions.get(peer);
    if (session === undefined) return peer.send(encodeError(wireError("wire/hello-first", "", { re: command.id })));
    try {
      this.#carryOut(command, session);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      peer.send(encodeError(inReplyTo(error, command.id)));
    }
  }

  #greet(peer: MemoryPeer, command: HelloCommand): void {
    const { auth, client = `nameless ${++this.#nameless}` } = command;
    const id = auth?.scheme === "basic" ? auth.username : (auth?.token ?? "anonymous");
    for (const [older, session] of this.#sessions) {
      if (session.client !== client) continue;
      this.#sessions.delete(older);
      older.close(4005);
    }
    this.#sessions.set(peer, { peer, id, client, channels: new Set(), follows: new Set() });
    const principal = { id, roles: ["member"] };
    peer.send(encodeOk<"hello">(command.id, { session: "s", principal, ...this.welcome }));
  }

  #carryOut(command: SessionCommand, session: Session): void {
    const { peer, channels } = session;
    const { id } = command;
    switch (command.do) {
      case "ping":
        return peer.send(encodeOk<"ping">(id, {}));
      case "follow":
        return peer.send(encodeOk<"follow">(id, this.#follow(command.message, session)));
      case "refresh":
        return peer.send(encodeOk<"refresh">(id, this.welcome));
      case "compare":
        return peer.send(encodeOk<"compare">(id, this.comparison));
      case "subscribe": {
        const [ok, behind] = this.#subscribe(command, session);
        peer.send(encodeOk<"subscribe">(id, ok));
        return behind();
      }
      case "resume":
        return this.#resume(id, command.cursors, session);
      case "unsubscribe":
        channels.delete(command.channel);
        return peer.send(encodeOk<"unsubscribe">(id, {}));
      case "publish": {
        const receipt = this.#accepted(command, command.data) ?? this.#take(command, command.data, session);
        return peer.send(receipt instanceof WireError ? encodeError(inReplyTo(receipt, id)) : encodeOk(id, receipt));
      }
      case "publishAll": {
        const { channel, messages, seq, ageMs = 0 } = command;
        const receipts = messages.map((data, index) => {
          const repeatable = { channel, ageMs, ...(seq !== undefined && { seq: seq + index }) };
          const receipt = this.#accepted(command, data) ?? this.#take(repeatable, data, session);
          return receipt instanceof WireError ? { error: errorBody(receipt) } : receipt;
        });
        return peer.send(encodeOk<"publishAll">(id, { receipts }));
      }
      case "join":
        return this.#join(command, session);
      case "leave":
        peer.send(encodeOk<"leave">(id, {}));
        return this.#removeMember(command.channel, session.client);
      case "call":
      case "cancel":
      case "offer":
      case "withdraw":
      case "answer":
        throw wireError("call/no-handler", "the model has no calls");
    }
  }

  #accepted(command: Command, data: unknown): PublishOk | undefined {
    const message = this.accept(command, data);
    if (message === undefined) return undefined;
    this.#stages.set(message, { stage: "accepted" });
    return { stage: "accepted", message };
  }

  #follow(message: string, { follows }: Session): Stage {
    const stage = this.#stages.get(message);
    if (stage === undefined) throw wireError("message/unknown", "it is not known");
    follows.add(message);
    return stage;
  }

  /** Append a message, once for each of a client's numbers. */
  #take(command: Repeatable & { readonly channel: string }, data: unknown, session: Session): PublishOk | WireError {
    const { channel, seq } = command;
    const producer = this.#producer(`${session.client} ${channel}`);
    const known = seq === undefined ? undefined : producer.receipts.get(seq);
    if (known !== undefined) return known;
    const { heldUpAt } = producer;
    if (seq !== undefined && heldUpAt !== undefined && seq > heldUpAt) {
      this.outOfTurnCount++;
      return wireError("publish/out-of-turn", "");
    }
    const refusal = this.refuseMessage(data);
    if (seq !== undefined) producer.heldUpAt = refusal !== undefined && passing.has(refusal.code) ? seq : undefined;
    if (refusal !== undefined) return refusal;
    const offset = this.publish(channel, data, session.id);
    const receipt: PublishOk = { stage: "delivered", position: { epoch: this.#log(channel).epoch, offset } };
    if (seq !== undefined) producer.receipts.set(seq, receipt);
    return receipt;
  }

  #producer(name: string): Producer {
    const producer = this.#producers.get(name) ?? { receipts: new Map<number, PublishOk>(), heldUpAt: undefined };
    this.#producers.set(name, producer);
    return producer;
  }

  #resume(id: number, cursors: readonly CursorRequest[], session: Session): void {
    const behinds: (() => void)[] = [];
    const answers = cursors.map((cursor) => {
      try {
        const refusal = this.refuse({ id, do: "subscribe", ...cursor });
        if (refusal instanceof WireError) throw refusal;
        const [ok, behind] = this.#subscribe(cursor, session);
        behinds.push(behind);
        return ok;
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        return { error: errorBody(error) };
      }
    });
    session.peer.send(encodeOk<"resume">(id, { cursors: answers }));
    for (const behind of behinds) behind();
  }

  /** The answer, and what sends all that comes behind it. */
  #subscribe({ channel, from = "now", policy }: CursorRequest, { peer, channels }: Session): [SubscribeOk, () => void] {
    const log = this.#log(channel);
    if (channels.has(channel)) throw wireError("subscription/exists", "");
    channels.add(channel);
    const { behind, lost } = startOf(log, from);
    const position = { epoch: log.epoch, offset: behind };
    const members = [...this.#membersOf(channel).values()];
    const waiting = log.messages.map((message, index) => ({ ...message, offset: log.firstOffset + index }));
    const isLatest = policy?.kind === "latest";
    const behindAnswer = (): void => {
      if (lost !== undefined) peer.send(encodePush({ push: "gap", channel, position, ...lost }));
      peer.send(encodePush({ push: "presence", channel, members }));
      const missed = waiting.filter(({ offset }) => offset > behind);
      // The newest wins: the others are no gap.
      for (const message of isLatest ? missed.slice(-1) : missed) {
        peer.send(encodePush({ push: "message", channel, at: 0, ...message }));
      }
    };
    return [{ position }, behindAnswer];
  }

  #join({ id, channel, state = null }: JoinCommand, { peer, client, id: who }: Session): void {
    const members = this.#membersOf(channel);
    const before = members.get(client);
    const member = { member: before?.member ?? `m${++this.#memberships}`, id: who, state };
    members.set(client, member);
    peer.send(encodeOk<"join">(id, { member: member.member }));
    const isSame = before !== undefined && JSON.stringify(before.state) === JSON.stringify(state);
    if (!isSame) this.#tellPresence(channel, [member], []);
  }

  /** Who says goodbye leaves at once; who was cut has some time to come back. */
  #closed(peer: MemoryPeer, code: number): void {
    const session = this.#sessions.get(peer);
    if (session === undefined) return;
    this.#sessions.delete(peer);
    if (code === 1000 || code === 1001) this.#leaveAll(session.client);
    else if (this.#isMember(session.client)) this.#clock.schedule(LEASE_MS, () => this.#leaveIfAway(session.client));
  }

  #isMember(client: string): boolean {
    return [...this.#members.values()].some((members) => members.has(client));
  }

  #leaveIfAway(client: string): void {
    if (![...this.#sessions.values()].some((session) => session.client === client)) this.#leaveAll(client);
  }

  #leaveAll(client: string): void {
    for (const channel of this.#members.keys()) this.#removeMember(channel, client);
  }

  #membersOf(channel: string): Map<string, PresenceMember> {
    const members = this.#members.get(channel) ?? new Map<string, PresenceMember>();
    this.#members.set(channel, members);
    return members;
  }

  #removeMember(channel: string, client: string): void {
    const members = this.#membersOf(channel);
    const member = members.get(client);
    if (members.delete(client) && member !== undefined) this.#tellPresence(channel, [], [member.member]);
  }

  #tellPresence(channel: string, joined: readonly PresenceMember[], left: readonly string[]): void {
    this.#eachSubscriber(channel, (peer) => peer.send(encodePush({ push: "presence", channel, joined, left })));
  }
}

interface Start {
  readonly behind: number;
  readonly lost?: { readonly lost?: { readonly from: number; readonly to: number } };
}

function startOf(log: Log, from: SubscribeFrom): Start {
  const last = log.firstOffset + log.messages.length - 1;
  const first = log.firstOffset;
  if (from === "now") return { behind: last };
  if (from === "start") return { behind: first - 1 };
  if ("last" in from) return { behind: Math.max(first - 1, last - from.last) };
  if (from.epoch !== log.epoch || from.offset > last) return { behind: first - 1, lost: {} };
  if (from.offset < first - 1) return { behind: first - 1, lost: { lost: { from: from.offset + 1, to: first - 1 } } };
  return { behind: from.offset };
}
