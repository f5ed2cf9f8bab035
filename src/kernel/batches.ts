import { deferred, type Deferred } from "./deferred.js";

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly answer: Deferred<Answer>;
}

/**
 * Gathers single calls for work that is cheaper by the batch: what comes while a batch is under way waits for the next
 * one. Batches run one after the other, in the order of the calls; whoever calls bounds how much waits.
 */
export class Batches<Item, Answer> {
  readonly #work: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #sizeMax: number;
  #waiting: Waiting<Item, Answer>[] = [];
  #isWorking = false;

  /** @param work resolves with one answer for each item, in their order; what it rejects with, all of them reject with */
  constructor(sizeMax: number, work: (items: readonly Item[]) => Promise<readonly Answer[]>) {
    this.#sizeMax = sizeMax;
    this.#work = work;
  }

  /** How many wait for the next batch. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  add(item: Item): Promise<Answer> {
    const answer = deferred<Answer>();
    this.#waiting.push({ item, answer });
    // What is added in the same turn goes along.
    if (!this.#isWorking) {
      this.#isWorking = true;
      Promise.resolve().then(
        () => this.#next(),
        () => {},
      );
    }
    return answer.promise;
  }

  #next(): void {
    this.#isWorking = this.#waiting.length > 0;
    if (!this.#isWorking) return;
    const batch = this.#waiting.slice(0, this.#sizeMax);
    this.#waiting = this.#waiting.slice(this.#sizeMax);
    this.#run(batch).then(
      () => this.#next(),
      () => {},
    );
  }

  /** Never rejects. */
  async #run(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#work(batch.map(({ item }) => item));
      for (const [index, { answer }] of batch.entries()) {
        const value = answers[index];
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one answer for each item, undefined among them
        answer.resolve(value as Answer);
      }
    } catch (error) {
      for (const { answer } of batch) answer.reject(error);
    }
  }
}
