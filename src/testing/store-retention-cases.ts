import { expectSame, expectThat } from "./expectation.js";
import { numbers, originOf, type StoreCase, type StoreTrial } from "./store-trial.js";

/** How much of a log can be read again. */
export const retentionCases: readonly StoreCase[] = [
  {
    name: "keeps the newest messages, as many as are asked for",
    async run(trial) {
      await trial.open("a", { keep: 10 });
      for (const size of [4, 6, 1, 1, 30, 3]) {
        const messages = await trial.append("a", ...Array.from({ length: size }, () => "0"));
        const head = messages.at(-1)?.offset ?? 0;
        expectSame(await trial.offsets("a", head), numbers(Math.max(1, head - 9), head), "the newest 10 can be read");
      }
      const read = await trial.read("a", { after: 3, until: 45, messagesMax: 2 });
      const offsets = read.map(({ offset }) => offset);
      expectSame(offsets, [36, 37], "a read from a position that is gone begins with the oldest message kept");
      expectSame(await trial.offsets("a", 35), [], "nothing is read of a range that is gone");
    },
  },
  {
    name: "counts on where it keeps nothing",
    async run(trial) {
      const { epoch } = await trial.open("a", { keep: 0 });
      const messages = await trial.append("a", "1", "2");
      const offsets = messages.map(({ offset }) => offset);
      expectSame(offsets, [1, 2], "messages that are not kept have offsets too");
      expectSame(await trial.offsets("a", 2), [], "none of them can be read");
      await trial.store.release("a");
      const again = await trial.open("a", { keep: 0 });
      expectSame([again.epoch, again.head], [epoch, 2], "the epoch and the head are kept");
      expectSame((await trial.append("a", "3"))[0]?.offset, 3, "the offsets go on");
    },
  },
  {
    name: "never gives a message that is too old",
    async run(trial) {
      await trial.open("a", { forMs: 60_000 });
      for (const payload of numbers(1, 100).map(String)) {
        await trial.append("a", payload);
        trial.clock.advance(1000);
      }
      // The message 40 is 61 seconds old, the message 41 is 60 seconds old.
      expectSame(await trial.offsets("a", 100), numbers(41, 100), "messages of the last 60 seconds are read");
      trial.clock.advance(30_000);
      expectSame(await trial.offsets("a", 100), numbers(71, 100), "a log grows old while nobody publishes");
      trial.clock.advance(60_000);
      expectSame(await trial.offsets("a", 100), [], "all of it is too old in the end");
      expectSame((await trial.append("a", "0"))[0]?.offset, 101, "the offsets go on");
      expectSame(await trial.offsets("a", 101), [101], "what is published then can be read");
    },
  },
  {
    name: "gives nothing that became too old while nobody used the log",
    async run(trial) {
      await trial.open("a", { forMs: 60_000 });
      await trial.append("a", ...numbers(1, 500).map(String));
      await trial.store.release("a");
      trial.clock.advance(60_001);
      const { head } = await trial.open("a", { forMs: 60_000 });
      expectSame(head, 500, "the head is where it was");
      expectSame(await trial.offsets("a", 500), [], "nothing of it can be read");
    },
  },
  {
    name: "is not confused by a clock that goes back",
    async run(trial) {
      await trial.open("a", { forMs: 60_000 });
      await trial.append("a", "1");
      trial.clock.jumpWallTime(-3_600_000);
      await trial.append("a", "2");
      expectSame(await trial.offsets("a", 2), [1, 2], "a message from before an hour that comes again can be read");
      trial.clock.jumpWallTime(3_600_000);
      trial.clock.advance(30_000);
      await trial.append("a", "3");
      const offsets = await trial.offsets("a", 3);
      expectSame(offsets, numbers(4 - offsets.length, 3), "what is read has no gaps");
      expectSame(offsets.at(-1), 3, "the newest message can be read");
      trial.clock.advance(60_001);
      expectSame(await trial.offsets("a", 3), [], "all of it grows too old");
    },
  },
  {
    name: "keeps about as many bytes as are asked for",
    async run(trial) {
      await trial.open("a", { bytesMax: 20_000 });
      const payload = JSON.stringify("x".repeat(998));
      for (let count = 0; count < 60; count++) await trial.append("a", payload);
      const offsets = await trial.offsets("a", 60);
      expectSame(offsets, numbers(61 - offsets.length, 60), "the newest messages are those that are kept");
      expectThat(
        offsets.length >= 16 && offsets.length <= 22,
        `about 20 of 60 messages of 1,000 bytes are kept where 20,000 bytes are asked for; it was ${offsets.length}`,
      );
    },
  },
  {
    name: "keeps the newest message, however large it is",
    async run(trial) {
      await trial.open("a", { bytesMax: 100 });
      await trial.append("a", "1");
      await trial.append("a", JSON.stringify("x".repeat(1000)));
      expectSame((await trial.offsets("a", 2)).at(-1), 2, "a message that is larger than all bytes can be read");
    },
  },
  {
    name: "keeps less when it is opened for less",
    async run(trial) {
      await trial.open("a");
      await trial.append("a", ...numbers(1, 300).map(String));
      await trial.store.release("a");
      await trial.open("a", { keep: 5 });
      expectSame(await trial.offsets("a", 300), numbers(296, 300), "the newest 5 of 300 messages can be read");
      for (const payload of ["301", "302", "303"]) await trial.append("a", payload);
      const read = await trial.read("a", { until: 303 });
      expectSame(
        read.map(({ offset, payload }) => [offset, payload]),
        numbers(299, 303).map((number) => [number, String(number)]),
        "they are followed by what is appended",
      );
      await reopenForNothing(trial);
    },
  },
];

async function reopenForNothing(trial: StoreTrial): Promise<void> {
  await trial.store.release("a");
  await trial.open("a", { keep: 0 });
  expectSame(await trial.offsets("a", 303), [], "nothing can be read where nothing is to be kept any more");
  await trial.publish("a", originOf(1));
  expectSame(await trial.offsets("a", 304), [], "nor what is appended then");
}
