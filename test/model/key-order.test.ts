/**
 * The order of a key with `block`, over every interleaving of a small world: three messages of two keys are accepted, begun,
 * ended, tried again, buried, redriven, lost by their workers and taken up after a restart in every order that there is.
 */
import { expect, it } from "vitest";
import { JobQueue, type Claim } from "../../src/pipeline/job-queue.js";

const keys = ["a", "a", "b"];
const policy = { parallelMax: 2, onFailure: "block", lengthMax: 9, bytesMax: 9, leaseMs: 10 } as const;

interface Known {
  readonly key: string;
  attempts: number;
  state: "waiting" | "dead" | "ended";
  dueAt: number | undefined;
}

/** What can happen, what happened, and what of it is known outside of the queue. */
class SmallWorld {
  #queue = new JobQueue(policy);
  #now = 0;
  /** So much more can go wrong. */
  #misfortunes: number;
  readonly #known: Known[] = [];
  #held: Claim[] = [];

  constructor(misfortunes: number) {
    this.#misfortunes = misfortunes;
  }

  get isOver(): boolean {
    return this.#known.length === keys.length && this.#known.every(({ state }) => state === "ended");
  }

  /** Each thing that can happen now. */
  moves(): (() => void)[] {
    const moves: (() => void)[] = [];
    const key = keys[this.#known.length];
    if (key !== undefined) moves.push(() => this.#accept(key));
    if (this.#isReady()) moves.push(() => this.#claim());
    for (const claim of this.#held) moves.push(() => this.#finish(claim));
    if (this.#queue.dueAtMs !== undefined) moves.push(() => this.#wake());
    for (const [index, { state }] of this.#known.entries()) {
      if (state === "dead") moves.push(() => this.#redrive(index + 1));
    }
    if (this.#misfortunes === 0) return moves;
    for (const claim of this.#held) moves.push(() => this.#retry(claim));
    for (const claim of this.#held) moves.push(() => this.#bury(claim));
    if (this.#held.length > 0) moves.push(() => this.#lapse());
    if (this.#known.length > 0) moves.push(() => this.#restart());
    return moves;
  }

  #accept(key: string): void {
    this.#known.push({ key, attempts: 0, state: "waiting", dueAt: undefined });
    this.#add(this.#known.length);
  }

  #add(sequence: number): void {
    const { attempts, dueAt, key, state } = this.#of(sequence);
    if (state === "ended") return;
    const where = { id: `m${sequence}`, queue: "q", channel: key, key, bytes: 1, at: sequence };
    this.#queue.add({ ...where, sequence, attempts, dueAt, state }, this.#now);
  }

  /** Whether something has to begin when it is asked for: it is somebody's turn, and there is a place. */
  #isReady(): boolean {
    return this.#queue.counts.waiting > 0 && this.#held.length < policy.parallelMax && this.#nextOnes().length > 0;
  }

  /** The oldest message of each key that has not ended, where that waits for nothing but its turn. */
  #nextOnes(): number[] {
    return [...new Set(this.#known.map(({ key }) => key))].flatMap((key) => {
      const index = this.#known.findIndex((known) => known.key === key && known.state !== "ended");
      const oldest = this.#known[index];
      if (oldest === undefined || this.#held.some(({ head }) => head.sequence === index + 1)) return [];
      return oldest.state === "waiting" && (oldest.dueAt ?? 0) <= this.#now ? [index + 1] : [];
    });
  }

  #claim(): void {
    const allowed = this.#nextOnes();
    const claim = this.#queue.claim(this.#now);
    if (claim === undefined) throw new Error(`nothing begins, although it is the turn of ${allowed.join()}`);
    const { sequence } = claim.head;
    if (!allowed.includes(sequence)) throw new Error(`${sequence} begins, and it is the turn of ${allowed.join()}`);
    this.#of(sequence).attempts = claim.attempt;
    this.#held.push(claim);
  }

  #finish(claim: Claim): void {
    this.#tell(claim, this.#queue.finish(claim.head.sequence, claim.attempt));
    this.#of(claim.head.sequence).state = "ended";
  }

  #retry(claim: Claim): void {
    this.#misfortunes--;
    const dueAt = this.#now + 5;
    this.#tell(claim, this.#queue.retry(claim.head.sequence, claim.attempt, dueAt));
    this.#of(claim.head.sequence).dueAt = dueAt;
  }

  #bury(claim: Claim): void {
    this.#misfortunes--;
    this.#tell(claim, this.#queue.bury(claim.head.sequence, claim.attempt));
    this.#of(claim.head.sequence).state = "dead";
  }

  #redrive(sequence: number): void {
    if (!this.#queue.revive(sequence)) throw new Error(`${sequence} is dead, and cannot be redriven`);
    Object.assign(this.#of(sequence), { state: "waiting", attempts: 0, dueAt: undefined });
  }

  #wake(): void {
    this.#now += 5;
    this.#queue.wake(this.#now);
  }

  /** All who process something are silent for too long, and say how it ended afterwards. */
  #lapse(): void {
    this.#misfortunes--;
    this.#now += policy.leaseMs;
    this.#queue.expire(this.#now);
    this.#queue.wake(this.#now);
    for (const { attempt, head } of this.#held.splice(0)) {
      if (this.#queue.finish(head.sequence, attempt))
        throw new Error(`${head.sequence} ended too late, and it counted`);
    }
  }

  #restart(): void {
    this.#misfortunes--;
    this.#held = [];
    this.#queue = new JobQueue(policy);
    for (let sequence = 1; sequence <= this.#known.length; sequence++) this.#add(sequence);
  }

  #tell(claim: Claim, isTaken: boolean): void {
    if (!isTaken) throw new Error(`${claim.head.sequence} is not taken back from who has it`);
    this.#held = this.#held.filter((other) => other !== claim);
  }

  #of(sequence: number): Known {
    const known = this.#known[sequence - 1];
    if (known === undefined) throw new Error(`there is no message ${sequence}`);
    return known;
  }
}

/** Go every way from the beginning to its end; tells how many there are. */
function everyWay(misfortunes: number): number {
  let ways = 0;
  const path: number[] = [];
  for (;;) {
    const world = new SmallWorld(misfortunes);
    const widths: number[] = [];
    for (let moves = world.moves(); moves.length > 0; moves = world.moves()) {
      const choice = (path[widths.length] ??= 0);
      widths.push(moves.length);
      moves[choice]?.();
    }
    if (!world.isOver) throw new Error(`nothing goes on any more: ${path.join()}`);
    ways++;
    // The next way turns off at the last place at which there is another one.
    while (path.length > 0 && (path.at(-1) ?? 0) + 1 >= (widths[path.length - 1] ?? 0)) path.pop();
    const last = path.length - 1;
    if (last < 0) return ways;
    path[last] = (path[last] ?? 0) + 1;
  }
}

it.each([
  [0, 30],
  [1, 1_000],
  [2, 20_000],
])(
  "messages of one key begin in their order in every interleaving, where %i things go wrong",
  { timeout: 120_000 },
  (misfortunes, waysMin) => {
    expect(everyWay(misfortunes)).toBeGreaterThan(waysMin);
  },
);
