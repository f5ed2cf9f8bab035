import { expectSame, expectThat } from "./expectation.js";
import { numbers, originOf, type StoreCase, type StoreTrial } from "./store-trial.js";

/** A history that is long beside what a call may touch. */
const MESSAGES = 4000;

/** So many records are appended with one call here. */
const BATCH = 250;

/** So many records may a call touch beside those that it is about: a bounded trim, and the logarithm of the rest. */
const STEPS_MAX = 400;

/** No call is linear in what a log has: these cases count the records that the store touches. */
export const costCases: readonly StoreCase[] = [
  {
    name: "reads in as many steps as it gives messages",
    async run(trial) {
      await fill(trial);
      for (const after of [0, MESSAGES / 2, MESSAGES - 10]) {
        const range = { after, until: MESSAGES, messagesMax: 10 };
        await expectCheap(trial, "reading 10 messages", async () => {
          expectSame((await trial.read("a", range)).length, 10, "10 messages are read");
        });
      }
    },
  },
  {
    name: "appends, finds, releases and opens in as many steps as there are drafts",
    async run(trial) {
      await fill(trial);
      await expectCheap(trial, "appending", () => trial.append("a", "0"));
      await expectCheap(trial, "publishing", () => trial.publish("a", originOf(1)));
      await expectCheap(trial, "publishing a repeat", () => trial.publish("a", originOf(1, trial.time)));
      await expectCheap(trial, "finding", () => trial.store.find("a", originOf(1)));
      await expectCheap(trial, "releasing and opening", () => releaseAndOpen(trial));
    },
  },
  {
    name: "lets go of a long history in steps",
    async run(trial) {
      await fill(trial);
      trial.clock.advance(60_001);
      await expectCheap(trial, "opening a log of which all is too old", () => releaseAndOpen(trial));
      await expectCheap(trial, "reading a log of which all is too old", async () => {
        expectSame(await trial.offsets("a", MESSAGES), [], "what is too old is not read");
      });
      for (const payload of numbers(1, 20).map(String)) {
        await expectCheap(trial, "appending to a log of which most is too old", () => trial.append("a", payload));
      }
    },
  },
];

async function fill(trial: StoreTrial): Promise<void> {
  await trial.open("a", { forMs: 60_000 });
  const payloads = Array.from({ length: BATCH }, () => "0");
  for (let count = 0; count < MESSAGES; count += BATCH) await trial.append("a", ...payloads);
}

async function releaseAndOpen(trial: StoreTrial): Promise<void> {
  await trial.store.release("a");
  await trial.open("a", { forMs: 60_000 });
}

/** Do something, and see that it touches a bounded number of records. */
async function expectCheap(trial: StoreTrial, what: string, work: () => Promise<unknown>): Promise<void> {
  const before = trial.stepCount;
  await work();
  const after = trial.stepCount;
  expectThat(before !== undefined && after !== undefined, "the place counts the records that its store touches");
  expectThat(
    after - before <= STEPS_MAX,
    `${what} touches at most ${STEPS_MAX} of ${MESSAGES} records; it was ${after - before}`,
  );
}
