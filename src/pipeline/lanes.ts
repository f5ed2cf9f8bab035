/** One channel's work that has been taken on and not been done with. */
interface Lane {
  readonly name: string;
  /** Settles, never rejects, when the work that was put in order last has run; undefined when all of it has. */
  tail: Promise<void> | undefined;
  waiting: number;
  /** How often the lane was cut. */
  cuts: number;
}

/** A place in a lane, from `enter` until `leave`. */
export class Place {
  readonly #lane: Lane;
  readonly #cutsBefore: number;
  readonly #onLeft: (lane: Lane) => void;

  constructor(lane: Lane, onLeft: (lane: Lane) => void) {
    this.#lane = lane;
    this.#cutsBefore = lane.cuts;
    this.#onLeft = onLeft;
  }

  /**
   * Run `work` when all work that was put in order on this lane before has run: at once where it has, so that no promise
   * is made where none is needed.
   */
  inOrder<Value>(work: () => Value | Promise<Value>): Value | Promise<Value> {
    const lane = this.#lane;
    const done = lane.tail === undefined ? work() : lane.tail.then(work);
    if (!(done instanceof Promise)) return done;
    const over = (): void => {
      if (lane.tail === tail) lane.tail = undefined;
    };
    // Noted before the caller can be: who comes next does not begin before the caller goes on.
    const tail = done.then(over, over);
    lane.tail = tail;
    return done;
  }

  /** Whether the lane was cut since this place was taken. */
  get isCut(): boolean {
    return this.#lane.cuts > this.#cutsBefore;
  }

  /** Cut the lane: whoever is in it now must not go on, for something before them was lost. Who enters later may. */
  cut(): void {
    this.#lane.cuts++;
  }

  /** Leave the lane. Once. */
  leave(): void {
    this.#lane.waiting--;
    if (this.#lane.waiting === 0) this.#onLeft(this.#lane);
  }
}

/** Queues by name: what goes into one lane runs in order, lanes do not wait for each other. An empty lane is gone. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #waitingMax: number;
  readonly #remove = ({ name }: Lane): void => void this.#lanes.delete(name);

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** How many lanes are in use. */
  get count(): number {
    return this.#lanes.size;
  }

  /** Take a place; undefined when the lane is full. */
  enter(name: string): Place | undefined {
    const lane = this.#lanes.get(name) ?? this.#add(name);
    if (lane.waiting >= this.#waitingMax) return undefined;
    lane.waiting++;
    return new Place(lane, this.#remove);
  }

  #add(name: string): Lane {
    const lane: Lane = { name, tail: undefined, waiting: 0, cuts: 0 };
    this.#lanes.set(name, lane);
    return lane;
  }
}
