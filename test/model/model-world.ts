import { Hub } from "../../src/hub/hub.js";
import type { Policy } from "../../src/hub/cursor.js";
import { BusbarError } from "../../src/kernel/errors.js";
import { silentLogger } from "../../src/kernel/logger.js";
import type { Draft, LogOptions, Origin } from "../../src/hub/store.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import type { SubscribeFrom } from "../../src/wire/messages.js";
import { Disk, DiskStore, type Fate, type Pace } from "./disk.js";
import { check, Ledger, payloadOf } from "./ledger.js";
import { ModelClient } from "./model-client.js";

const CHANNEL = "a";
const CLIENTS = 3;
const PRODUCERS = 2;

/** Small, so that a dozen steps reach every limit. */
const retention = { keep: 6, forMs: 10_000, bytesMax: Number.POSITIVE_INFINITY };
const limits = { readMessagesMax: 3, readBytesMax: 100_000, appendMessagesMax: 3 };
const logOptions: LogOptions = { retention, durability: "memory" };

/** So many microtasks without a call of the store or of a subscriber, and nothing goes on any more. */
const QUIET_TICKS = 24;

export type Step =
  | { readonly do: "publish"; readonly count: number; readonly producer: number }
  | { readonly do: "repeat"; readonly producer: number }
  | { readonly do: "find"; readonly producer: number }
  | { readonly do: "subscribe"; readonly client: number; readonly from: From; readonly policy: Policy }
  | { readonly do: "unsubscribe"; readonly client: number }
  | { readonly do: "drain"; readonly client: number; readonly room: number }
  | { readonly do: "fill"; readonly client: number; readonly room: number; readonly isBusy: boolean }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "pace"; readonly pace: Pace }
  | { readonly do: "run"; readonly count: number }
  | { readonly do: "fail"; readonly what: Fate | "read" | "open" | "both" }
  | { readonly do: "lose"; readonly restored: number }
  | { readonly do: "restart"; readonly stillDone: number; readonly isLost: boolean };

/** Where a subscription begins: `last` counts, and the positions of a client are its own, a lost log's, or none's. */
export type From = "now" | "start" | { readonly last: number } | "resume" | "other epoch" | "beyond";

interface Publish {
  readonly number: number;
  readonly origin: Origin;
}

/** A publish without an answer. */
interface Pending {
  /** One before it was not appended, and its publisher has not heard of that when it called. */
  isCutOff: boolean;
}

/** A hub on a store with faults, and subscribers that check what they are given. */
export class ModelWorld {
  readonly #clock = new VirtualClock();
  readonly #ledger = new Ledger(retention, () => this.#clock.wallTimeMs());
  readonly #disk = new Disk(logOptions, this.#ledger, this.#clock);
  readonly #clients = Array.from(
    { length: CLIENTS },
    (_, index) => new ModelClient(this.#ledger, `client ${index}`, limits.appendMessagesMax),
  );
  readonly #last: (Publish | undefined)[] = Array.from({ length: PRODUCERS });
  #store = new DiskStore(this.#disk);
  #hub = this.#newHub();
  /** In the order of the calls. */
  readonly #pending = new Set<Pending>();
  #number = 0;
  #unanswered = 0;
  /** Whether anything was done that lets a call fail. */
  #hasTrouble = false;
  /** What a call of this world found, outside of the steps. */
  #failure: Error | undefined;

  /** Carry a step out; `isHasty`: do not wait until nothing goes on any more. */
  async step(step: Step, isHasty: boolean): Promise<void> {
    await this.#do(step);
    if (isHasty) await ticks(3);
    else await this.#settle();
    this.#throwFailure();
  }

  /** Let everything be well again; then all subscribers have come to the head, and nothing is left of them. */
  async finish(): Promise<void> {
    this.#disk.heal();
    this.#store.pace = "fast";
    await this.#flow();
    // That the log was lost the hub need not know yet. All else has to have come.
    if (!this.#disk.isLossUnknown) this.#checkAtHead();
    for (const client of this.#clients) if (!client.isSubscribed && client.position) this.#subscribe(client, "resume");
    await this.#flow();
    await this.#publishOne();
    await this.#flow();
    this.#checkAtHead();
    check(this.#unanswered === 0, `${this.#unanswered} calls were never answered`);
    for (const client of this.#clients) client.end();
    await this.#flow();
    const { channels, live, watchers } = this.#hub.counts;
    check(channels + live + watchers + this.#clock.timerCount === 0, "something was left behind");
    this.#throwFailure();
  }

  #checkAtHead(): void {
    const position = { epoch: this.#disk.epoch, offset: this.#ledger.head(this.#disk.epoch) };
    for (const client of this.#clients) if (client.isSubscribed) client.checkIsAt(position);
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case "publish":
        for (let count = 0; count < step.count; count++) this.#publish(step.producer);
        return;
      case "repeat":
        return this.#repeat(step.producer);
      case "find":
        return this.#find(step.producer);
      case "subscribe":
        return this.#subscribe(this.#client(step.client), step.from, step.policy);
      case "unsubscribe":
        return this.#client(step.client).end();
      case "drain":
        this.#client(step.client).isBusy = false;
        return this.#client(step.client).drain(step.room);
      case "fill":
        this.#client(step.client).room = step.room;
        this.#client(step.client).isBusy = step.isBusy;
        return;
      case "pass":
        return this.#clock.advance(step.ms);
      case "pace":
        this.#store.pace = step.pace;
        return;
      case "run":
        return this.#store.run(step.count);
      case "fail":
        return this.#fail(step.what);
      case "lose":
        this.#hasTrouble = true;
        this.#allowEnds();
        return this.#disk.lose(CHANNEL, step.restored);
      case "restart":
        return this.#restart(step.stillDone, step.isLost);
    }
  }

  #fail(what: Fate | "read" | "open" | "both"): void {
    this.#hasTrouble = true;
    if (what === "read") this.#disk.failingReads++;
    else if (what === "open" || what === "both") this.#disk.failingOpens++;
    else this.#disk.fates.push(what);
    if (what === "both") this.#disk.fates.push("written");
    if (what === "read" || what === "open" || what === "both") this.#allowEnds();
  }

  /** From now on the log cannot always be read. */
  #allowEnds(): void {
    for (const client of this.#clients) client.mayEnd = true;
  }

  #newHub(): Hub {
    const store = this.#store;
    return new Hub({ store, clock: this.#clock, logger: silentLogger, optionsOf: () => logOptions, limits });
  }

  #client(index: number): ModelClient {
    const client = this.#clients[index % CLIENTS];
    check(client !== undefined, "there is such a client");
    return client;
  }

  /** @param producer 0: nobody in particular, whose publishes cannot be repeated */
  #publish(producer: number): void {
    const number = ++this.#number;
    if (producer === 0) return this.#send(number, undefined);
    const origin = { producer: `producer ${producer}`, sequence: number, firstSentAt: undefined };
    this.#last[producer] = { number, origin };
    this.#send(number, origin);
  }

  #repeat(producer: number): void {
    const last = this.#last[producer];
    if (last === undefined) return;
    this.#send(last.number, { ...last.origin, firstSentAt: this.#clock.wallTimeMs() });
  }

  #send(number: number, origin: Origin | undefined): void {
    const payload = payloadOf(number);
    const draft: Draft = { payload, from: "model", at: this.#clock.wallTimeMs(), origin };
    const pending: Pending = { isCutOff: false };
    this.#pending.add(pending);
    this.#call(
      () => this.#hub.publish(CHANNEL, draft),
      ({ position }) => {
        this.#pending.delete(pending);
        check(this.#ledger.payloadAt(position) === payload, `${number} is not where its receipt says`);
        check(!pending.isCutOff, `${number} overtook what could not be appended`);
      },
      () => this.#cutOff(pending),
    );
  }

  /** What was published behind it, and has no answer yet, must not come before it is published again. */
  #cutOff(refused: Pending): void {
    let isBehind = false;
    for (const pending of this.#pending) {
      if (isBehind) pending.isCutOff = true;
      isBehind ||= pending === refused;
    }
    this.#pending.delete(refused);
  }

  #find(producer: number): void {
    const last = this.#last[producer];
    if (last === undefined) return;
    const { epoch } = this.#disk;
    const isThere = this.#ledger.hasOrigin(epoch, last.origin);
    this.#call(
      () => this.#hub.find(CHANNEL, last.origin),
      (position) => {
        const isLost = isThere && position === undefined && this.#disk.epoch === epoch && !this.#hasTrouble;
        check(!isLost, `${last.number} was not found`);
        const payload = position && this.#ledger.payloadAt(position);
        check(payload === undefined || payload === payloadOf(last.number), `${last.number} was found elsewhere`);
      },
    );
  }

  #subscribe(client: ModelClient, wanted: From, policy: Policy = { kind: "all" }): void {
    if (client.isSubscribed || client.isSubscribing) return;
    const { epoch } = this.#disk;
    const from = this.#fromOf(client, wanted);
    const asked = { from, epoch, told: this.#ledger.told(epoch) };
    client.asks(asked, policy);
    const hub = this.#hub;
    this.#call(
      () => hub.subscribe(CHANNEL, { from, sink: client, hasPresence: false, policy }),
      (subscription) => client.begin(subscription, asked),
      () => client.giveUp(asked),
    );
  }

  #fromOf(client: ModelClient, wanted: From): SubscribeFrom {
    const { epoch } = this.#disk;
    if (wanted === "resume") return client.position ?? "start";
    if (wanted === "other epoch") return { epoch: "other", offset: 2 };
    return wanted === "beyond" ? { epoch, offset: this.#ledger.head(epoch) + 4 } : wanted;
  }

  async #restart(stillDone: number, isLost: boolean): Promise<void> {
    await this.#store.die(CHANNEL, stillDone);
    // What was answered before still arrives.
    await ticks(QUIET_TICKS);
    this.#hub.close();
    for (const client of this.#clients) client.cut();
    this.#unanswered = 0;
    this.#pending.clear();
    if (isLost) await this.#disk.lose(CHANNEL, stillDone);
    this.#store = new DiskStore(this.#disk);
    this.#hub = this.#newHub();
  }

  /** Call the hub; what the hub of a dead process says does not arrive. */
  #call<Value>(call: () => Promise<Value>, onValue: (value: Value) => void, onRefusal = (): void => {}): void {
    const hub = this.#hub;
    this.#unanswered++;
    call()
      .then(
        (value) => {
          if (hub !== this.#hub) return;
          this.#unanswered--;
          onValue(value);
        },
        (error: unknown) => {
          if (hub !== this.#hub) return;
          this.#unanswered--;
          onRefusal();
          const code = error instanceof BusbarError ? error.code : String(error);
          check(this.#hasTrouble && code.startsWith("hub/not-"), `refused: ${code}`);
        },
      )
      .catch((failure: unknown) => (this.#failure ??= failure instanceof Error ? failure : new Error(String(failure))));
  }

  /** Publish until it works: the first time the hub may find out that the log was lost. */
  async #publishOne(): Promise<void> {
    const head = (): number => this.#ledger.head(this.#disk.epoch);
    for (let tries = 0; tries < 3; tries++) {
      const before = { epoch: this.#disk.epoch, head: head() };
      this.#publish(0);
      await this.#flow();
      if (this.#disk.epoch === before.epoch && head() > before.head) return;
    }
    check(false, "nothing can be published any more");
  }

  /** Let calls, timers and readers go on until nothing is left to do. */
  async #flow(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      this.#store.run(Number.POSITIVE_INFINITY);
      for (const client of this.#clients) {
        client.isBusy = false;
        client.drain(Number.POSITIVE_INFINITY);
      }
      await this.#settle();
      this.#clock.advance(1_000);
      await this.#settle();
    }
  }

  async #settle(): Promise<void> {
    for (let before = -1; before !== this.#activity;) {
      before = this.#activity;
      await ticks(QUIET_TICKS);
    }
  }

  get #activity(): number {
    return this.#clients.reduce((sum, { activity }) => sum + activity, this.#store.activity);
  }

  #throwFailure(): void {
    const failure = this.#failure ?? this.#clients.find((client) => client.failure !== undefined)?.failure;
    if (failure !== undefined) throw failure;
  }
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve();
}
