import type { Durability } from "../hub/store.js";
import { expectRejection, expectSame } from "./expectation.js";
import { originOf, type StoreCase, type StoreTrial } from "./store-trial.js";

const allDurabilities: readonly Durability[] = ["memory", "disk"];

/** What a store does not do. */
export function refusalCases(durabilities: readonly Durability[]): readonly StoreCase[] {
  const missing = allDurabilities.filter((durability) => !durabilities.includes(durability));
  return [
    ...(missing.length > 0 ? [refusalToPromise(missing)] : []),
    {
      name: "refuses to use a log that is not open",
      async run(trial) {
        await expectAllRefused(trial, "is refused before the log was opened");
        await trial.open("a");
        await trial.store.release("a");
        await expectAllRefused(trial, "is refused after the log was released");
      },
    },
    {
      name: "refuses everything once it is closed",
      async run(trial) {
        await trial.open("a");
        await trial.append("a", "1");
        const { store } = trial;
        await trial.end();
        const log = { durability: trial.durability, retention: { keep: 1, forMs: Infinity, bytesMax: Infinity } };
        await expectRejection(() => store.append("a", [trial.draft("2")]), undefined, "an append is refused");
        await expectRejection(() => store.open("b", log), undefined, "opening is refused");
      },
    },
    {
      name: "ends what is under way when it is closed",
      async run(trial) {
        await trial.open("a");
        const underWay = Promise.allSettled([trial.append("a", "1"), trial.append("a", "2")]);
        await trial.end();
        const offsets = (await underWay).map((call) => call.status === "fulfilled" && call.value[0]?.offset);
        expectSame(offsets, [1, 2], "an append that had begun resolves, and one that waited for it as well");
      },
    },
  ];
}

function refusalToPromise(missing: readonly Durability[]): StoreCase {
  return {
    name: "promises no durability that it does not have",
    async run({ store }) {
      const retention = { keep: 1, forMs: Infinity, bytesMax: Infinity };
      for (const durability of missing) {
        const open = (): Promise<unknown> => store.open("a", { retention, durability });
        await expectRejection(open, "store/not-durable", `a log that asks for ${durability} is not opened`);
      }
    },
  };
}

async function expectAllRefused({ store }: StoreTrial, what: string): Promise<void> {
  const draft = { payload: "1", from: "ada", at: 0, origin: undefined };
  const range = { after: 0, until: 1, messagesMax: 1, bytesMax: 1 };
  await expectRejection(() => store.append("a", [draft]), undefined, `append ${what}`);
  await expectRejection(() => store.read("a", range), undefined, `read ${what}`);
  await expectRejection(() => store.find("a", originOf(1)), undefined, `find ${what}`);
  await expectRejection(() => store.present("a", "m", { id: "ada", state: "{}" }), undefined, `present ${what}`);
  await expectRejection(() => store.release("a"), undefined, `release ${what}`);
}
