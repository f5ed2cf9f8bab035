import { expectSame, expectThat } from "./expectation.js";
import { numbers, type StoreCase } from "./store-trial.js";

/** Names that are like one another, or like something that an object has. */
const strangeNames = ["__proto__", "constructor", "toString", "a", "a1", "a10", "a/1", "a/10", "a.1", "a~", "A"];

/** Payloads that are easily changed on their way: each is a JSON text and comes back character by character. */
const strangePayloads = [
  '"ä ß € 𝄞 日本語 🏳️‍🌈 \u2028 \u202e"',
  String.raw`"\u00e4 \ud834\udd1e \n \" \\"`,
  '{"__proto__":{"a":1},"b":[1.0,1e400,-0]}',
  " [ 1 , 2 ]\n",
  "null",
];

/** Order, offsets, reading, epochs: what a log is. */
export const logCases: readonly StoreCase[] = [
  {
    name: "counts a channel's messages from 1, without gaps",
    async run(trial) {
      expectSame((await trial.open("a")).head, 0, "the head of a new log is 0");
      const offsets: number[] = [];
      for (const size of [1, 3, 1, 2]) {
        const messages = await trial.append("a", ...Array.from({ length: size }, () => "0"));
        offsets.push(...messages.map(({ offset }) => offset));
      }
      expectSame(offsets, numbers(1, 7), "the offsets begin at 1 and have no gaps");
    },
  },
  {
    name: "gives messages as they were published",
    async run(trial) {
      await trial.open("a");
      const from = "grace ✓";
      const drafts = strangePayloads.map((payload) => ({ ...trial.draft(payload), from }));
      const expected = drafts.map(({ at, payload }, index) => ({ channel: "a", offset: index + 1, payload, from, at }));
      const outcomes = await trial.store.append("a", drafts);
      const appended = outcomes.map((outcome) => outcome.kind === "appended" && outcome.message);
      expectSame(appended, expected, "the answers to an append have the drafts, in their order");
      expectSame(await trial.read("a", { until: drafts.length }), expected, "they are read as they were appended");
    },
  },
  {
    name: "keeps large payloads whole",
    async run(trial) {
      await trial.open("a");
      const payloads = ["x", "é", "🚌"].map((letter) => JSON.stringify(letter.repeat(65_534 / letter.length)));
      await trial.append("a", ...payloads);
      const read = await trial.read("a", { until: 3 });
      expectThat(
        read.length === 3 && read.every(({ payload }, index) => payload === payloads[index]),
        "payloads of 64 Ki characters are read as they were appended",
      );
    },
  },
  {
    name: "takes the calls for a channel in their order",
    async run(trial) {
      await trial.open("a");
      const calls = numbers(1, 40).map((call) => trial.append("a", `"${call}.1"`, `"${call}.2"`));
      const offsets = (await Promise.all(calls)).flat().map(({ offset }) => offset);
      expectSame(offsets, numbers(1, 80), "calls that do not wait for one another are appended in their order");
      const payloads = (await trial.read("a", { until: 80 })).map(({ payload }) => payload);
      const expected = numbers(1, 40).flatMap((call) => [`"${call}.1"`, `"${call}.2"`]);
      expectSame(payloads, expected, "batches are not mixed with one another");
    },
  },
  {
    name: "answers an empty batch with nothing",
    async run(trial) {
      await trial.open("a");
      expectSame(await trial.store.append("a", []), [], "no draft has no answer");
      expectSame((await trial.append("a", "0"))[0]?.offset, 1, "an empty batch takes no offset");
    },
  },
  {
    name: "reads what is between two positions",
    async run(trial) {
      await trial.open("a");
      await trial.append("a", ...numbers(1, 20).map(String));
      const read = async (after: number, until: number): Promise<readonly number[]> =>
        (await trial.read("a", { after, until })).map(({ offset }) => offset);
      expectSame(await read(0, 20), numbers(1, 20), "everything is between 0 and the head");
      expectSame(await read(5, 9), [6, 7, 8, 9], "a read begins behind `after` and ends with `until`");
      expectSame(await read(5, 6), [6], "one message is between neighbours");
      expectSame(await read(6, 6), [], "nothing is between a position and itself");
      expectSame(await read(20, 20), [], "nothing is behind the head");
    },
  },
  {
    name: "reads no more messages than are asked for",
    async run(trial) {
      await trial.open("a");
      await trial.append("a", ...numbers(1, 20).map(String));
      for (const messagesMax of [1, 2, 19, 20, 21]) {
        const read = await trial.read("a", { until: 20, messagesMax });
        const expected = numbers(1, Math.min(20, messagesMax));
        expectSame(
          read.map(({ offset }) => offset),
          expected,
          `${messagesMax} messages are read at most`,
        );
      }
    },
  },
  {
    name: "stops reading behind the message that reaches the bytes, and reads one always",
    async run(trial) {
      await trial.open("a");
      const payload = JSON.stringify("x".repeat(10_000));
      await trial.append("a", ...Array.from({ length: 10 }, () => payload));
      const read = async (bytesMax: number): Promise<number> => (await trial.read("a", { until: 10, bytesMax })).length;
      expectSame(await read(1), 1, "one message is read, however few bytes are asked for");
      expectSame(await read(25_000), 3, "the message that reaches the bytes is the last one");
      expectSame(await read(1_000_000), 10, "everything is read where there is room for it");
    },
  },
  {
    name: "reads while it appends",
    async run(trial) {
      await trial.open("a");
      await trial.append("a", "1", "2");
      const [, read] = await Promise.all([trial.append("a", "3", "4"), trial.offsets("a", 2)]);
      expectSame(read, [1, 2], "what was there is read, and nothing behind `until`");
      expectSame(await trial.offsets("a", 4), [1, 2, 3, 4], "an append that resolved can be read");
    },
  },
  {
    name: "keeps channels apart, whatever they are called",
    async run(trial) {
      const names = [...strangeNames, "x".repeat(255), `${"x".repeat(254)}y`];
      for (const name of names) await trial.open(name);
      for (const [index, name] of names.entries()) {
        await trial.append(name, ...numbers(0, index).map(() => JSON.stringify(name)));
      }
      for (const [index, name] of names.entries()) {
        const read = await trial.read(name, { until: index + 1 });
        expectSame(
          read.map(({ channel, offset, payload }) => [channel, offset, payload]),
          numbers(1, index + 1).map((offset) => [name, offset, JSON.stringify(name)]),
          `the log of ${name} has its own messages and no others`,
        );
      }
    },
  },
  {
    name: "appends to many channels at once",
    async run(trial) {
      const names = numbers(1, 50).map((number) => `room/${number}`);
      await Promise.all(names.map((name) => trial.open(name)));
      await Promise.all(names.flatMap((name) => ["1", "2", "3"].map((payload) => trial.append(name, payload))));
      for (const name of names) {
        const read = await trial.read(name, { until: 3 });
        expectSame(
          read.map(({ offset, payload }) => [offset, payload]),
          [
            [1, "1"],
            [2, "2"],
            [3, "3"],
          ],
          `the log of ${name} has its messages in their order`,
        );
      }
    },
  },
  {
    name: "goes on with a log that was released",
    async run(trial) {
      const { epoch } = await trial.open("a");
      await trial.append("a", "1", "2");
      await trial.store.release("a");
      const again = await trial.open("a");
      expectSame([again.epoch, again.head], [epoch, 2], "a log has its epoch and its head when it is opened again");
      expectSame((await trial.append("a", "3"))[0]?.offset, 3, "its offsets go on");
      expectSame(await trial.offsets("a", 3), [1, 2, 3], "its messages are there");
    },
  },
];
