/** A server of `busbar.v1` that is as simple as can be, for tests of the client: every channel is an array. */
import type { MemoryNetwork, MemoryPeer } from "../../src/testing/memory-network.js";
import { decodeCommand } from "../../src/wire/command-codec.js";
import { wireError, WireError } from "../../src/wire/errors.js";
import type { Command, PresenceMember, SubscribeCommand, SubscribeFrom } from "../../src/wire/messages.js";
import { encodeError, encodeOk, encodePush } from "../../src/wire/server-message-codec.js";

interface Log {
  epoch: string;
  /** The offset of the first message that is kept. */
  firstOffset: number;
  messages: { readonly data: unknown; readonly from: string }[];
  members: Map<MemoryPeer, PresenceMember>;
}

interface Session {
  readonly peer: MemoryPeer;
  readonly id: string;
  readonly channels: Set<string>;
}

export class ModelServer {
  /** Every command that came, in order. */
  readonly commands: Command[] = [];
  /** Looked at before each command: an error refuses it, "silence" leaves it unanswered. */
  refuse: (command: Command) => WireError | "silence" | undefined = () => undefined;
  /** How many messages a channel keeps. */
  keepMax = Number.POSITIVE_INFINITY;
  readonly #logs = new Map<string, Log>();
  readonly #sessions = new Map<MemoryPeer, Session>();
  #epochs = 0;
  #memberships = 0;

  constructor(network: MemoryNetwork) {
    network.listen((peer) => ({
      messageReceived: (text) => this.#receive(peer, text),
      peerClosed: () => this.#leave(peer),
    }));
  }

  /** What was appended to the channel in its present epoch, kept or not. */
  readonly published = new Map<string, unknown[]>();

  /** Publish as somebody else. */
  publish(channel: string, data: unknown, from = "server"): number {
    const log = this.#log(channel);
    log.messages.push({ data, from });
    const offset = log.firstOffset + log.messages.length - 1;
    this.published.set(channel, [...(this.published.get(channel) ?? []), data]);
    while (log.messages.length > this.keepMax) {
      log.messages.shift();
      log.firstOffset++;
    }
    this.#eachSubscriber(channel, (peer) =>
      peer.send(encodePush({ push: "message", channel, offset, data, from, at: 0 })),
    );
    return offset;
  }

  /** Forget all that was said, as a server without a store does when it starts again. */
  forget(): void {
    this.#logs.clear();
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
      peer.send(encodePush({ push: "unsubscribed", channel, error: error.toBody() }));
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
    const log: Log = { epoch: `e${++this.#epochs}`, firstOffset: 1, messages: [], members: new Map() };
    this.#logs.set(channel, log);
    return log;
  }

  #eachSubscriber(channel: string, task: (peer: MemoryPeer, session: Session) => void): void {
    for (const [peer, session] of this.#sessions) if (session.channels.has(channel)) task(peer, session);
  }

  #receive(peer: MemoryPeer, text: string): void {
    const command = decodeCommand(text);
    if (command instanceof WireError) return peer.send(encodeError(command));
    this.commands.push(command);
    const refusal = this.refuse(command);
    if (refusal === "silence") return;
    if (refusal !== undefined) return peer.send(encodeError(refusal.inReplyTo(command.id)));
    if (command.do === "hello") {
      const id = command.auth?.scheme === "basic" ? command.auth.username : "anonymous";
      this.#sessions.set(peer, { peer, id, channels: new Set() });
      return peer.send(encodeOk<"hello">(command.id, { session: "s", principal: { id, roles: ["member"] } }));
    }
    const session = this.#sessions.get(peer);
    if (session === undefined) return peer.send(encodeError(wireError("wire/hello-first", "hello first")));
    this.#carryOut(command, session);
  }

  #carryOut(command: Exclude<Command, { readonly do: "hello" }>, session: Session): void {
    const { peer } = session;
    const { channel } = command;
    switch (command.do) {
      case "subscribe":
        return this.#subscribe(command, session);
      case "unsubscribe":
        session.channels.delete(channel);
        return peer.send(encodeOk<"unsubscribe">(command.id, {}));
      case "publish": {
        const offset = this.publish(channel, command.data, session.id);
        const position = { epoch: this.#log(channel).epoch, offset };
        return peer.send(encodeOk<"publish">(command.id, { stage: "delivered", position }));
      }
      case "join": {
        const member = { member: `m${++this.#memberships}`, id: session.id, state: command.state ?? null };
        this.#log(channel).members.set(peer, member);
        peer.send(encodeOk<"join">(command.id, { member: member.member }));
        return this.#tellPresence(channel, [member], []);
      }
      case "leave":
        peer.send(encodeOk<"leave">(command.id, {}));
        return this.#removeMember(channel, peer);
    }
  }

  #subscribe(command: SubscribeCommand, session: Session): void {
    const { id, channel } = command;
    const log = this.#log(channel);
    const { peer } = session;
    if (session.channels.has(channel)) return peer.send(encodeError(wireError("subscription/exists", "", { re: id })));
    session.channels.add(channel);
    const { behind, lost } = startOf(log, command.from ?? "now");
    peer.send(encodeOk<"subscribe">(id, { position: { epoch: log.epoch, offset: behind } }));
    if (lost !== undefined) {
      peer.send(encodePush({ push: "gap", channel, position: { epoch: log.epoch, offset: behind }, ...lost }));
    }
    peer.send(encodePush({ push: "presence", channel, members: [...log.members.values()] }));
    for (const [index, { data, from }] of log.messages.entries()) {
      const offset = log.firstOffset + index;
      if (offset > behind) peer.send(encodePush({ push: "message", channel, offset, data, from, at: 0 }));
    }
  }

  #leave(peer: MemoryPeer): void {
    this.#sessions.delete(peer);
    for (const channel of this.#logs.keys()) this.#removeMember(channel, peer);
  }

  #removeMember(channel: string, peer: MemoryPeer): void {
    const { members } = this.#log(channel);
    const member = members.get(peer);
    if (members.delete(peer) && member !== undefined) this.#tellPresence(channel, [], [member.member]);
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
