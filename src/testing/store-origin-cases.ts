import type { Origin } from "../hub/store.js";
import { expectSame, expectThat } from "./expectation.js";
import { numbers, originOf, trialWindow, type StoreCase, type StoreTrial } from "./store-trial.js";

/** Producers and sequences that run together where they are put together carelessly. */
const alikeOrigins: readonly (readonly [string, number])[] = [
  ["p", 1],
  ["p", 11],
  ["p1", 1],
  ["p:1", 1],
  ["1:p", 1],
  ["__proto__", 1],
  ["x".repeat(64), 1],
  ["p", Number.MAX_SAFE_INTEGER],
];

/** Repeats of a publish: the log never has it twice. */
export const originCases: readonly StoreCase[] = [
  {
    name: "answers a repeat with the offset that the message has already",
    async run(trial) {
      await trial.open("a");
      await trial.append("a", "0");
      expectSame(await trial.publish("a", originOf(1)), "appended 2", "a first publish is appended");
      expectSame(await trial.publish("a", originOf(1, trial.time)), "repeat 2", "a repeat is recognised");
      expectSame(await trial.publish("a", originOf(1)), "repeat 2", "also one that does not say that it is one");
      expectSame(await trial.offsets("a", 2), [1, 2], "the log has it once");
      expectSame((await trial.append("a", "0"))[0]?.offset, 3, "a repeat takes no offset");
    },
  },
  {
    name: "recognises a repeat within one batch",
    async run(trial) {
      await trial.open("a");
      const origins = [originOf(1), originOf(2), originOf(1), undefined, originOf(2)];
      const outcomes = await trial.store.append(
        "a",
        origins.map((origin) => trial.draft("0", origin)),
      );
      const offsets = outcomes.map((outcome) => [outcome.kind, offsetOf(outcome)]);
      const expected = [
        ["appended", 1],
        ["appended", 2],
        ["repeat", 1],
        ["appended", 3],
        ["repeat", 2],
      ];
      expectSame(offsets, expected, "drafts of one batch repeat one another");
      expectSame(await trial.offsets("a", 3), [1, 2, 3], "the log has each once");
    },
  },
  {
    name: "recognises a repeat of a publish that is under way",
    async run(trial) {
      await trial.open("a");
      const both = [trial.publish("a", originOf(1)), trial.publish("a", originOf(1, trial.time))];
      expectSame(await Promise.all(both), ["appended 1", "repeat 1"], "the second of two calls is the repeat");
    },
  },
  {
    name: "keeps producers and their sequences apart",
    async run(trial) {
      await trial.open("a");
      for (const [index, [producer, sequence]] of alikeOrigins.entries()) {
        const outcome = await trial.publish("a", { producer, sequence, firstSentAt: undefined });
        expectSame(outcome, `appended ${index + 1}`, `${producer} ${sequence} is no repeat of another one`);
      }
      for (const [index, [producer, sequence]] of alikeOrigins.entries()) {
        const found = await trial.store.find("a", { producer, sequence });
        expectSame(found, index + 1, `${producer} ${sequence} is found at its own offset`);
      }
    },
  },
  {
    name: "keeps the origins of channels apart",
    async run(trial) {
      await trial.open("a");
      await trial.open("b");
      await trial.append("b", "0");
      await trial.publish("a", originOf(1));
      expectSame(await trial.publish("b", originOf(1)), "appended 2", "a publish to another channel is no repeat");
    },
  },
  {
    name: "finds a message by its origin",
    async run(trial) {
      await trial.open("a");
      await trial.append("a", "0");
      expectSame(await trial.store.find("a", originOf(1)), undefined, "what was not published is not found");
      await trial.publish("a", originOf(1));
      expectSame(await trial.store.find("a", originOf(1)), 2, "what was published is found");
    },
  },
  {
    name: "recognises a repeat after the log was released",
    async run(trial) {
      await trial.open("a");
      await trial.publish("a", originOf(1));
      await trial.store.release("a");
      await trial.open("a");
      expectSame(await trial.publish("a", originOf(1, trial.time)), "repeat 1", "the repeat is recognised");
    },
  },
  {
    name: "recognises a repeat of a message that can no longer be read",
    async run(trial) {
      for (const [channel, keep] of [
        ["none", 0],
        ["one", 1],
      ] as const) {
        await trial.open(channel, { keep });
        for (const sequence of numbers(1, 5)) await trial.publish(channel, originOf(sequence));
        expectSame(await trial.publish(channel, originOf(2)), "repeat 2", `with keep ${keep} the repeat is recognised`);
      }
    },
  },
  {
    name: "appends a repeat that was never appended",
    async run(trial) {
      await trial.open("a");
      const before = trial.time - 5000;
      expectSame(await trial.publish("a", originOf(1, before)), "appended 1", "the log is empty: it was not appended");
      expectSame(
        await trial.publish("a", originOf(2, before)),
        "appended 2",
        "the window is whole: it was not appended",
      );
    },
  },
  {
    name: "remembers as many publishes as its window has room for",
    async run(trial) {
      await fillWindow(trial);
      const { windowMessagesMax } = trialWindow;
      const newest = numbers(published - windowMessagesMax + 1, published);
      for (const sequence of newest) {
        expectSame(await trial.store.find("a", originOf(sequence)), sequence, `${sequence} of ${published} is found`);
      }
      const oldest = newest[0] ?? 0;
      expectSame(await trial.publish("a", originOf(oldest, trial.time)), `repeat ${oldest}`, "and is a repeat");
    },
  },
  {
    name: "appends no repeat that may be from before its window",
    async run(trial) {
      const since = trial.time;
      await fillWindow(trial);
      const outcome = await trial.publish("a", originOf(1, since));
      expectThat(
        outcome === "unknown" || outcome === "repeat 1",
        `a repeat of what is out of the window is unknown, or still recognised; it was: ${outcome}`,
      );
      // What the window has let go of is not known to anybody: a store that remembers more can say more.
      if (outcome === "unknown") {
        const other: Origin = { producer: "q", sequence: 1, firstSentAt: since };
        expectSame(await trial.publish("a", other), "unknown", "a repeat that old is unknown, whoever's it is");
      }
      expectSame((await trial.append("a", "0"))[0]?.offset, published + 1, "what is unknown takes no offset");
    },
  },
  {
    name: "allows a minute for the way of a repeat",
    async run(trial) {
      await fillWindow(trial);
      trial.clock.advance(59_000);
      const outcome = await trial.publish("a", originOf(1, trial.time));
      expectThat(outcome !== `appended ${published + 1}`, `a repeat that was under way for 59 s is not appended twice`);
    },
  },
  {
    name: "appends a repeat that was first sent after all that its window let go of",
    async run(trial) {
      await fillWindow(trial);
      trial.clock.advance(61_000);
      const recent: Origin = { producer: "q", sequence: 1, firstSentAt: trial.time };
      expectSame(await trial.publish("a", recent), `appended ${published + 1}`, "it was not appended before");
    },
  },
  {
    name: "appends no repeat from before the time of its window",
    async run(trial) {
      await trial.open("a");
      const since = trial.time;
      await trial.publish("a", originOf(1));
      trial.clock.advance(trialWindow.windowMs - 1000);
      expectSame(await trial.publish("a", originOf(1, since)), "repeat 1", "within the time it is recognised");
      trial.clock.advance(2000);
      // A window is looked through as it is used.
      for (const sequence of numbers(2, 4)) await trial.publish("a", originOf(sequence));
      const outcome = await trial.publish("a", originOf(1, since));
      expectThat(
        outcome === "unknown" || outcome === "repeat 1",
        `a repeat that is too old is unknown, or still recognised; it was: ${outcome}`,
      );
    },
  },
  {
    name: "recognises repeats when the clock goes back",
    async run(trial) {
      await trial.open("a");
      const since = trial.time;
      await trial.publish("a", originOf(1));
      trial.clock.jumpWallTime(-3_600_000);
      await trial.publish("a", originOf(2));
      expectSame(await trial.publish("a", originOf(1, trial.time)), "repeat 1", "the one from before is recognised");
      expectSame(await trial.publish("a", originOf(2, trial.time)), "repeat 2", "the one from after as well");
      trial.clock.jumpWallTime(3_600_000);
      await trial.publish("a", originOf(3));
      expectSame(await trial.publish("a", originOf(1, since)), "repeat 1", "and when it has come back");
      expectSame(await trial.publish("a", originOf(2, since)), "repeat 2", "all of them");
    },
  },
];

/** So many publishes have far more than a window, also for stores that let go of it in steps. */
const published = trialWindow.windowMessagesMax * 5;

/** Open a log and publish 1 to `published` at one time, one after another. */
async function fillWindow(trial: StoreTrial): Promise<void> {
  await trial.open("a", { keep: 10 });
  await Promise.all(numbers(1, published).map((sequence) => trial.publish("a", originOf(sequence))));
}

function offsetOf(outcome: Awaited<ReturnType<StoreTrial["store"]["append"]>>[number]): number | undefined {
  switch (outcome.kind) {
    case "appended":
      return outcome.message.offset;
    case "repeat":
      return outcome.offset;
    case "unknown":
      return undefined;
  }
}
