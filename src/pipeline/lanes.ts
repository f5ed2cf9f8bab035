/** One channel's work that has been taken on and not been done with. */
interface Lane {
  /** Settles, never rejects, when the work that was put in order last has run. */
  tail: Promise<void>;
  waiting: number;
  /** How often the lane was cut. */
  cuts: number;
}

/** A place in a lane, from `enter` until `leave`. */
export interface Place {
  /** Run `work` when all work that was put in order on this lane before has run. */
  inOrder<Value>(work: () => Value | Promise<Value>): Promise<Value>;
  /** Whether the lane was cut since this place was taken. */
  readonly isCut: boolean;
  /** Cut the lane: whoever is in it now must not go on, for something before them was lost. Who enters later may. */
  cut(): void;
  /** Leave the lane. Once. */
  leave(): void;
}

/** Queues by name: what goes into one lane runs in order, lanes do not wait for each other. An empty lane is gone. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #waitingMax: number;

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** How many lanes are in use. */
  get count(): number {
    return this.#lanes.size;
  }

  /** Take a place; undefined when the lane is full. */
  enter(name: string): Place | undefined {
    const lane = this.#lanes.get(name) ?? { tail: Promise.resolve(), waiting: 0, cuts: 0 };
    if (lane.waiting >= this.#waitingMax) return undefined;
    lane.waiting++;
    this.#lanes.set(name, lane);
    const { cuts } = lane;
    return {
      get isCut() {
        return lane.cuts > cuts;
      },
      cut: () => void lane.cuts++,
      inOrder: (work) => {
        const done = lane.tail.then(work);
        lane.tail = done.then(noop, noop);
        return done;
      },
      leave: () => {
        lane.waiting--;
        if (lane.waiting === 0) this.#lanes.delete(name);
      },
    };
  }
}

function noop(): void {}
