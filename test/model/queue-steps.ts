/** What can happen to a queue of jobs. `nth` chooses among those that are there; where there are none, nothing happens. */
export type QueueStep =
  | { readonly do: "accept"; readonly key: number; readonly count: number; readonly dueInMs: number | undefined }
  | { readonly do: "claim"; readonly worker: number }
  /** A worker says what became of one of its jobs, or that it lives. */
  | { readonly do: "tell"; readonly worker: number; readonly nth: number; readonly word: Word }
  /** A worker is cut off with what it had in hand; one with its number comes in its place. */
  | { readonly do: "die"; readonly worker: number }
  /** Something arrives from a worker that was cut off. */
  | { readonly do: "haunt"; readonly nth: number; readonly word: Word }
  /** Something is said of an attempt that was never made. */
  | { readonly do: "lie"; readonly nth: number; readonly word: Word }
  | { readonly do: "redrive"; readonly nth: number }
  | { readonly do: "discard"; readonly nth: number }
  /** Time passes, on both clocks. */
  | { readonly do: "pass"; readonly ms: number }
  /** The wall clock jumps. */
  | { readonly do: "jump"; readonly ms: number }
  /** What is due wakes, what is lost is given up. */
  | { readonly do: "look" }
  /** `isUnnoted`: the process ended before it was kept that the attempts under way had begun. */
  | { readonly do: "restart"; readonly isUnnoted: boolean; readonly otherPolicy: boolean };

/** What a worker says of a job. */
export type Word = "finish" | "retry now" | "retry soon" | "retry late" | "bury" | "release" | "renew";

type Below = (count: number) => number;

/** Takes a number apart, so that fast-check has one number a step to make and to shrink. */
function digitsOf(number: number): Below {
  let rest = number;
  return (count) => {
    const digit = rest % count;
    rest = Math.floor(rest / count);
    return digit;
  };
}

const HOUR_MS = 3_600_000;
const words: readonly Word[] = ["finish", "finish", "finish", "retry now", "retry soon", "retry soon", "retry late"];
const rareWords: readonly Word[] = ["bury", "bury", "release", "renew"];
const delays = [undefined, undefined, undefined, undefined, 0, 50, 50, 2_000];
const passes = [0, 10, 60, 100, 300];
const jumps = [HOUR_MS, -HOUR_MS, HOUR_MS, -HOUR_MS, 40, -40];

/** How often each kind of step comes, relative to the others. */
const weights: readonly (readonly [number, (below: Below) => QueueStep])[] = [
  [9, (below) => ({ do: "accept", key: below(3), count: 1 + below(3), dueInMs: of(delays, below) })],
  [10, (below) => ({ do: "claim", worker: below(3) })],
  [14, (below) => ({ do: "tell", worker: below(3), nth: below(2), word: wordOf(below) })],
  [2, (below) => ({ do: "die", worker: below(3) })],
  [3, (below) => ({ do: "haunt", nth: below(6), word: wordOf(below) })],
  [1, (below) => ({ do: "lie", nth: below(8), word: wordOf(below) })],
  [2, (below) => ({ do: "redrive", nth: below(3) })],
  [1, (below) => ({ do: "discard", nth: below(3) })],
  [4, (below) => ({ do: "pass", ms: of(passes, below) ?? 0 })],
  [2, (below) => ({ do: "jump", ms: of(jumps, below) ?? 0 })],
  [6, () => ({ do: "look" })],
  [2, (below) => ({ do: "restart", isUnnoted: below(4) === 3, otherPolicy: below(4) === 3 })],
];
const weightOfAll = weights.reduce((sum, [weight]) => sum + weight, 0);

/** The step that a number from 0 to 2^32 - 1 stands for. */
export function queueStepOf(number: number): QueueStep {
  const below = digitsOf(number);
  let at = below(weightOfAll);
  for (const [weight, make] of weights) {
    if (at < weight) return make(below);
    at -= weight;
  }
  throw new RangeError("a number has a step");
}

function wordOf(below: Below): Word {
  return (below(3) === 2 ? of(rareWords, below) : of(words, below)) ?? "finish";
}

function of<Item>(items: readonly Item[], below: Below): Item | undefined {
  return items[below(items.length)];
}
