import type { Policy } from "../../src/hub/cursor.js";
import type { From, Step } from "./model-world.js";

/** Chooses by the digits of a number, so that fast-check has one number a step to make and to shrink. */
class Digits {
  #rest: number;

  constructor(number: number) {
    this.#rest = number;
  }

  /** A whole number below `count`. */
  below(count: number): number {
    const digit = this.#rest % count;
    this.#rest = Math.floor(this.#rest / count);
    return digit;
  }

  of<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0];
  }
}

/** How often each kind of step comes, relative to the others. */
const weights: readonly (readonly [number, (digits: Digits) => Step])[] = [
  [10, (digits) => ({ do: "publish", count: 1 + digits.below(4), producer: digits.below(2) })],
  [3, () => ({ do: "repeat", producer: 1 })],
  [1, () => ({ do: "find", producer: 1 })],
  [10, (digits) => ({ do: "subscribe", client: digits.below(3), from: fromOf(digits), policy: digits.of(policies) })],
  [3, (digits) => ({ do: "unsubscribe", client: digits.below(3) })],
  [6, (digits) => ({ do: "drain", client: digits.below(3), room: digits.of([Infinity, 3, 1]) })],
  [4, (digits) => ({ do: "fill", client: digits.below(3), room: digits.below(3), isBusy: digits.below(2) === 1 })],
  [3, (digits) => ({ do: "pass", ms: digits.of([0, 60, 1_000, 6_000, 11_000]) })],
  [4, (digits) => ({ do: "pace", pace: digits.of(["fast", "slow", "late"]) })],
  [6, (digits) => ({ do: "run", count: 1 + digits.below(4) })],
  [4, (digits) => ({ do: "fail", what: digits.of(["refused", "written", "half", "kept", "read", "open", "both"]) })],
  [1, (digits) => ({ do: "lose", restored: digits.below(5) })],
  [2, (digits) => ({ do: "restart", stillDone: digits.below(4), isLost: digits.below(3) === 1 })],
];

const weightOfAll = weights.reduce((sum, [weight]) => sum + weight, 0);

const policies: readonly [Policy, ...Policy[]] = [
  { kind: "all" },
  { kind: "all" },
  { kind: "latest" },
  { kind: "latest", key: "key" },
  { kind: "disconnect" },
];

function fromOf(digits: Digits): From {
  return digits.of<From>(["resume", "resume", "start", "now", { last: 1 + digits.below(8) }, "other epoch", "beyond"]);
}

/** The step that a number from 0 to 2^32 - 1 stands for, and whether the next one follows at once. */
export function stepOf(number: number): { readonly step: Step; readonly isHasty: boolean } {
  const digits = new Digits(number);
  let at = digits.below(weightOfAll);
  const isHasty = digits.below(4) === 3;
  for (const [weight, make] of weights) {
    if (at < weight) return { step: make(digits), isHasty };
    at -= weight;
  }
  throw new RangeError("a number has a step");
}
