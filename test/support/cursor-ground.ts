import { deferred, type Deferred } from "../../src/kernel/deferred.js";
import type { BusbarError } from "../../src/kernel/errors.js";
import type { Cursor, CursorLog, CursorStart, Policy } from "../../src/hub/cursor.js";
import type { Gap, Sink } from "../../src/hub/sink.js";
import type { Message } from "../../src/hub/store.js";

const messageAt = (offset: number): Message => ({ channel: "a", offset, payload: "0", from: "ada", at: 0 });

/** A log whose reads are answered when the test says so. */
export class FakeLog implements CursorLog {
  epoch = "e";
  head = 0;
  /** The offset of the oldest message kept. */
  oldest = 1;
  readonly batchMax = 3;
  /** What the messages hold; undefined: "0". */
  payloads: ((offset: number) => string) | undefined;
  readonly live = new Set<Cursor>();
  readonly reads: { after: number; until: number; answer: Deferred<readonly Message[]> }[] = [];

  /** Append so many messages together. */
  append(count = 1): void {
    const messages = Array.from({ length: count }, () => messageAt(++this.head));
    for (const cursor of this.live) cursor.push(messages);
  }

  read(after: number, until: number): Promise<readonly Message[]> {
    const answer = deferred<readonly Message[]>();
    this.reads.push({ after, until, answer });
    return answer.promise;
  }

  /** Answer the oldest read as the log is now. */
  async answerRead(): Promise<void> {
    const read = this.reads.shift();
    if (read === undefined) return;
    const messages: Message[] = [];
    const first = Math.max(read.after + 1, this.oldest);
    for (let offset = first; offset <= read.until && messages.length < this.batchMax; offset++)
      messages.push(
        this.payloads === undefined ? messageAt(offset) : { ...messageAt(offset), payload: this.payloads(offset) },
      );
    read.answer.resolve(messages);
    await read.answer.promise;
    await Promise.resolve();
  }

  addLive(cursor: Cursor): void {
    this.live.add(cursor);
  }

  removeLive(cursor: Cursor): void {
    this.live.delete(cursor);
  }
}

/** A sink with room for so many messages until it is drained. */
export class FakeSink implements Sink {
  readonly seen: (number | Gap)[] = [];
  readonly errors: BusbarError[] = [];
  room = Number.POSITIVE_INFINITY;
  isBusy = false;
  isWaitedFor = false;
  isTooSlow = false;
  onMessage = (): void => undefined;

  message({ offset }: Message): boolean {
    this.onMessage();
    if (this.room === 0) return false;
    this.room--;
    this.seen.push(offset);
    return true;
  }

  gap(gap: Gap): void {
    this.seen.push(gap);
  }

  presence(): boolean {
    return true;
  }

  waits(): void {
    this.isWaitedFor = true;
  }

  tooSlow(): void {
    this.isTooSlow = true;
  }

  ended(error: BusbarError): void {
    this.errors.push(error);
  }
}

/** Where a cursor begins that misses nothing. */
const all: Policy = { kind: "all" };
export const behind = (offset: number, policy: Policy = all): CursorStart => ({
  epoch: "e",
  offset,
  isGone: false,
  policy,
});
