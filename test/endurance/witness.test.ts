/** The witness sees every fault that the kill test is there for. */
import { describe, expect, it } from "vitest";
import { faultless, Witness, type Entry, type Fault } from "./witness.js";

const channel = "log/a";
const at = (offset: number, epoch = "e"): { epoch: string; offset: number } => ({ epoch, offset });

/** A log of `p` 1, `q` 1, `p` 2, `q` 2, `p` 3. */
const entries: readonly Entry[] = [
  { publisher: "p", number: 1 },
  { publisher: "q", number: 1 },
  { publisher: "p", number: 2 },
  { publisher: "q", number: 2 },
  { publisher: "p", number: 3 },
];

const logged = (list: readonly Entry[] = entries) =>
  list.map((entry, index) => ({ ...entry, position: at(index + 1) }));

/** Has seen all of it acknowledged and two readers handle it, but for what a test leaves out or changes. */
function told(faults: { readonly without?: number; readonly gapAt?: number; readonly epochAt?: number } = {}): Witness {
  const witness = new Witness();
  for (const [index, { position, ...entry }] of logged().entries()) {
    witness.acknowledge({ channel, position, ...entry });
    for (const reader of ["one", "two"]) {
      if (reader === "two" && index === faults.without) continue;
      const isFaulty = reader === "two" && index === faults.epochAt;
      const hasGap = reader === "two" && index === faults.gapAt;
      witness.handle({ reader, channel, position: isFaulty ? at(index + 1, "f") : position, hasGap, ...entry });
    }
  }
  return witness;
}

/** The faults that it found, after it has read this log. */
function faultsOf(witness: Witness, log = logged()): Partial<Record<Fault, number>> {
  witness.readLog(channel, log);
  const found = Object.entries(witness.verdict().faults).filter(([, count]) => count > 0);
  return Object.fromEntries(found);
}

describe("the witness", () => {
  it("finds nothing where nothing is wrong, and counts", () => {
    const witness = told();
    expect(faultsOf(witness)).toEqual({});
    expect(witness.verdict()).toEqual({ acknowledged: 5, handled: 10, logged: 5, faults: faultless, examples: [] });
    expect(witness.positionOf("one", channel)).toEqual(at(5));
    expect(witness.positionOf("three", channel)).toBeUndefined();
  });

  it("lets messages be there that nobody was told of: their publisher was killed", () => {
    const witness = told();
    for (const reader of ["one", "two"]) {
      witness.handle({ reader, channel, position: at(6), hasGap: false, publisher: "r", number: 1 });
    }
    expect(faultsOf(witness, logged([...entries, { publisher: "r", number: 1 }]))).toEqual({});
  });

  it("sees an acknowledged message that is not in the log", () => {
    expect(faultsOf(told(), logged(entries.slice(0, 4))).lost).toBeGreaterThan(0);
    const missing = new Witness();
    missing.acknowledge({ channel, position: at(1), publisher: "p", number: 1 });
    expect(faultsOf(missing, [])).toEqual({ lost: 1 });
  });

  it("sees a message that its publisher sent before an acknowledged one, and that is not in the log", () => {
    expect(faultsOf(new Witness(), logged([{ publisher: "p", number: 2 }]))).toEqual({ lost: 1 });
  });

  it("sees a place in the log without a message", () => {
    expect(faultsOf(new Witness(), [{ publisher: "p", number: 1, position: at(2) }])).toEqual({ lost: 1 });
  });

  it("sees a reader who has not read to the end", () => {
    expect(faultsOf(told({ without: 4 }))).toEqual({ lost: 1 });
  });

  it("sees a message that is in the log twice", () => {
    expect(faultsOf(new Witness(), logged([...entries, { publisher: "p", number: 3 }]))).toEqual({ duplicated: 1 });
  });

  it("sees a message that was acknowledged twice", () => {
    const witness = told();
    witness.acknowledge({ channel, position: at(5), publisher: "p", number: 3 });
    expect(faultsOf(witness).duplicated).toBe(1);
  });

  it("sees a message that was handled twice", () => {
    const witness = told();
    witness.handle({ reader: "one", channel, position: at(5), hasGap: false, publisher: "p", number: 3 });
    expect(faultsOf(witness)).toEqual({ duplicated: 1 });
  });

  it("sees messages out of their publisher's order", () => {
    const log = logged([
      { publisher: "p", number: 1 },
      { publisher: "p", number: 3 },
      { publisher: "p", number: 2 },
    ]);
    expect(faultsOf(new Witness(), log).outOfOrder).toBe(1);
  });

  it("sees receipts against their publisher's order", () => {
    const witness = new Witness();
    witness.acknowledge({ channel, position: at(2), publisher: "p", number: 1 });
    witness.acknowledge({ channel, position: at(1), publisher: "p", number: 2 });
    expect(witness.verdict().faults).toEqual({ ...faultless, outOfOrder: 1 });
  });

  it("sees two readers with another order", () => {
    const witness = new Witness();
    const [one, other] = [
      { publisher: "p", number: 1 },
      { publisher: "q", number: 1 },
    ];
    witness.handle({ reader: "one", channel, position: at(1), hasGap: false, ...one });
    witness.handle({ reader: "two", channel, position: at(1), hasGap: false, ...other });
    expect(witness.verdict().faults).toEqual({ ...faultless, outOfOrder: 1 });
  });

  it("sees a gap that nobody announced, and one that was", () => {
    expect(faultsOf(told({ without: 2 }))).toEqual({ gapsUnannounced: 1 });
    expect(faultsOf(told({ gapAt: 2 }))).toEqual({ gapsAnnounced: 1 });
  });

  it("sees a log that begins anew without a word", () => {
    expect(faultsOf(told({ epochAt: 2 })).gapsUnannounced).toBe(2);
  });

  it("gives examples, but no flood of them", () => {
    const witness = new Witness();
    for (let number = 2; number <= 60; number += 2) {
      witness.handle({ reader: "one", channel, position: at(number), hasGap: false, publisher: "p", number });
    }
    expect(witness.verdict().examples).toHaveLength(20);
    expect(witness.verdict().examples[0]).toBe("gapsUnannounced: one in log/a: 0 -> 2");
  });
});
