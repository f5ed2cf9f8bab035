import { JobQueue, type Claim } from "../../src/pipeline/job-queue.js";
import { QueueReference, type ReferenceJob, type ReferencePolicy } from "./queue-reference.js";
import type { QueueStep, Word } from "./queue-steps.js";

const START_WALL_MS = 10_000_000;
const delays: Readonly<Partial<Record<Word, number>>> = { "retry now": 0, "retry soon": 30, "retry late": 5_000 };
const inHandsMax = 2;

/** A queue, workers that share its jobs, and a reference beside it; whatever they disagree in is an error. */
export class QueueWorld {
  #queue: JobQueue;
  #reference: QueueReference;
  /** The policy was `block` from the beginning on. */
  readonly #isStrict: boolean;
  #now = 0;
  #wall = START_WALL_MS;
  #lastSequence = 0;
  #endedCount = 0;
  /** What each worker has in hand. */
  readonly #hands: Claim[][] = [[], [], []];
  /** What workers had in hand that were cut off. */
  readonly #ghosts: Claim[] = [];
  /** The keys that could have gone on, each with those that did so since. */
  readonly #passedBy = new Map<string, Set<string>>();

  /** @param number decides on the policy */
  constructor(number: number) {
    const policy: ReferencePolicy = {
      onFailure: number % 3 === 0 ? "skip" : "block",
      parallelMax: 1 + (number % 4),
      leaseMs: number % 7 === 0 ? Infinity : 100,
    };
    this.#reference = new QueueReference(policy);
    this.#queue = this.#newQueue();
    this.#isStrict = policy.onFailure === "block";
  }

  step(step: QueueStep): void {
    this.#do(step);
    this.#compare();
  }

  /** Bring everything to its end: nothing is lost on the way, and nothing is left. */
  finish(): void {
    for (const hands of this.#hands) this.#ghosts.push(...hands.splice(0));
    for (let round = 0; this.#reference.jobs.length > 0; round++) {
      if (round > 4 * this.#lastSequence + 10) throw new Error("nothing lost: jobs are there that never end");
      for (const { sequence, state } of this.#reference.jobs) if (state === "dead") this.#redrive(sequence);
      for (const claim of this.#ghosts.splice(0)) this.#tell(claim, "finish");
      this.#wall = Math.max(this.#wall, this.#queue.dueAtMs ?? 0);
      this.#now = Math.max(this.#now, this.#queue.leaseEndsAtMs ?? 0);
      this.#look();
      this.#compare();
      for (let claim = this.#claim(); claim !== undefined; claim = this.#claim()) this.#ghosts.push(claim);
      this.#compare();
    }
    if (this.#endedCount !== this.#lastSequence) throw new Error("nothing lost: a job has ended unseen");
    if (this.#queue.claim(this.#now) !== undefined) throw new Error("a job is there that has ended");
  }

  #do(step: QueueStep): void {
    switch (step.do) {
      case "accept":
        for (let index = 0; index < step.count; index++) this.#accept(step.key, step.dueInMs);
        break;
      case "claim": {
        const hands = this.#handsOf(step.worker);
        if (hands.length >= inHandsMax) break;
        const claim = this.#claim();
        if (claim !== undefined) hands.push(claim);
        break;
      }
      case "tell": {
        const hands = this.#handsOf(step.worker);
        const claim = hands[step.nth];
        if (claim === undefined) break;
        if (!this.#tell(claim, step.word) || step.word !== "renew") hands.splice(step.nth, 1);
        break;
      }
      case "die":
        this.#ghosts.push(...this.#handsOf(step.worker).splice(0));
        break;
      case "haunt": {
        const claim = this.#ghosts[step.nth];
        if (claim !== undefined) this.#tell(claim, step.word);
        break;
      }
      case "lie": {
        const job = this.#reference.jobs[step.nth];
        const sequence = job?.sequence ?? this.#lastSequence + 1 + step.nth;
        const attempt = (job?.attempts ?? 0) + (job?.state === "running" ? 1 : 0);
        this.#say(sequence, attempt, step.word);
        break;
      }
      case "redrive":
      case "discard": {
        const job = this.#dead(step.nth);
        if (job === undefined) this.#deny(step.do);
        else if (step.do === "redrive") this.#redrive(job.sequence);
        else this.#discard(job);
        break;
      }
      case "pass":
        this.#now += step.ms;
        this.#wall += step.ms;
        break;
      case "jump":
        this.#wall += step.ms;
        break;
      case "look":
        this.#look();
        break;
      case "restart":
        this.#restart(step.isUnnoted, step.otherPolicy);
        break;
    }
  }

  #accept(key: number, dueInMs: number | undefined): void {
    const dueAt = dueInMs === undefined ? undefined : this.#wall + dueInMs;
    const job: ReferenceJob = {
      sequence: ++this.#lastSequence,
      key: `key ${key}`,
      at: this.#wall,
      isForLater: dueAt !== undefined,
      state: "waiting",
      attempts: 0,
      keptDueAt: dueAt,
      keptAttempts: 0,
      dueAt: 0,
      leaseEndsAt: Infinity,
    };
    this.#queue.add(this.#reference.headOf(job), this.#wall);
    this.#reference.add(job, this.#wall);
  }

  #claim(): Claim | undefined {
    const { jobs, keys, policy } = this.#reference;
    const ready = keys.filter((key) => this.#reference.nextOf(key) !== undefined);
    const isFull = this.#reference.count("running") >= policy.parallelMax;
    const claim = this.#queue.claim(this.#now);
    if (claim === undefined) {
      if (!isFull && ready.length > 0) throw new Error(`no starvation: ${ready.join()} could go on and does not`);
      return undefined;
    }
    if (isFull) throw new Error("parallel: more are processed at once than may be");
    const { key, sequence } = claim.head;
    const job = this.#reference.nextOf(key);
    if (job?.sequence !== sequence) throw new Error(`order: ${sequence} begins, and it is ${job?.sequence}'s turn`);
    const earlier = jobs.find((other) => other.key === key && other.sequence < sequence && !other.isForLater);
    if (this.#isStrict && earlier) throw new Error(`order: ${sequence} overtakes ${earlier.sequence}`);
    for (const other of ready) {
      if (other === key) continue;
      const passedBy = this.#passedBy.get(other) ?? new Set();
      if (passedBy.has(key)) throw new Error(`no starvation: ${other} is passed by ${key} again`);
      this.#passedBy.set(other, passedBy.add(key));
    }
    this.#reference.begin(job, this.#now);
    if (claim.attempt !== job.attempts) throw new Error(`attempts: ${claim.attempt} is not ${job.attempts}`);
    return claim;
  }

  /** Say something of a claim; whether it counted. */
  #tell({ attempt, head }: Claim, word: Word): boolean {
    return this.#say(head.sequence, attempt, word);
  }

  #say(sequence: number, attempt: number, word: Word): boolean {
    const job = this.#reference.current(sequence, attempt);
    const counts = this.#sayToQueue(sequence, attempt, word);
    if (counts !== (job !== undefined)) throw new Error(`late: ${word} of ${sequence} counts: ${String(counts)}`);
    if (job === undefined) return false;
    switch (word) {
      case "finish":
        this.#end(job);
        break;
      case "bury":
        job.state = "dead";
        break;
      case "release":
        this.#reference.release(job);
        break;
      case "renew":
        job.leaseEndsAt = this.#now + this.#reference.policy.leaseMs;
        break;
      case "retry now":
      case "retry soon":
      case "retry late":
        this.#reference.retry(job, this.#wall + (delays[word] ?? 0));
        break;
    }
    return true;
  }

  #sayToQueue(sequence: number, attempt: number, word: Word): boolean {
    switch (word) {
      case "finish":
        return this.#queue.finish(sequence, attempt);
      case "bury":
        return this.#queue.bury(sequence, attempt);
      case "release":
        return this.#queue.release(sequence, attempt);
      case "renew":
        return this.#queue.renew(sequence, attempt, this.#now);
      case "retry now":
      case "retry soon":
      case "retry late":
        return this.#queue.retry(sequence, attempt, this.#wall + (delays[word] ?? 0));
    }
  }

  #redrive(sequence: number): void {
    if (!this.#queue.revive(sequence)) throw new Error(`nothing lost: ${sequence} is not among the dead`);
    for (const job of this.#reference.jobs) if (job.sequence === sequence) this.#reference.revive(job);
  }

  #discard(job: ReferenceJob): void {
    if (!this.#queue.discard(job.sequence)) throw new Error(`nothing lost: ${job.sequence} is not among the dead`);
    this.#end(job);
  }

  /** What is not dead can be neither redriven nor discarded. */
  #deny(what: "redrive" | "discard"): void {
    const sequence = this.#reference.jobs.find(({ state }) => state !== "dead")?.sequence ?? this.#lastSequence + 1;
    const isDone = what === "redrive" ? this.#queue.revive(sequence) : this.#queue.discard(sequence);
    if (isDone) throw new Error(`${what}: ${sequence} is not dead`);
  }

  #end(job: ReferenceJob): void {
    this.#reference.remove(job);
    this.#endedCount++;
  }

  #look(): void {
    this.#queue.wake(this.#wall);
    this.#reference.wake(this.#wall);
    const lost = this.#queue.expire(this.#now).map(({ attempt, head }) => `${head.sequence}:${attempt}`);
    const expected = this.#reference.expire(this.#now).map(({ attempts, sequence }) => `${sequence}:${attempts}`);
    if (lost.toSorted().join() !== expected.toSorted().join()) {
      throw new Error(`leases: ${lost.join()} ran out, and not ${expected.join()}`);
    }
  }

  #restart(isUnnoted: boolean, otherPolicy: boolean): void {
    for (const job of this.#reference.jobs) if (isUnnoted && job.state === "running") job.keptAttempts--;
    for (const hands of this.#hands) this.#ghosts.push(...hands.splice(0));
    const { onFailure } = this.#reference.policy;
    const other = onFailure === "block" ? "skip" : "block";
    const isOther = otherPolicy && !this.#isStrict;
    this.#reference = this.#reference.restarted(isOther ? other : onFailure, this.#wall);
    this.#queue = this.#newQueue();
    for (const job of this.#reference.jobs) this.#queue.add(this.#reference.headOf(job), this.#wall);
    this.#passedBy.clear();
  }

  #newQueue(): JobQueue {
    return new JobQueue({ ...this.#reference.policy, lengthMax: 20, bytesMax: 150 });
  }

  /** Each job is in exactly one state, the same in both; and so is everything else that can be seen. */
  #compare(): void {
    const reference = this.#reference;
    const { bytes, jobs } = reference;
    for (const key of this.#passedBy.keys()) {
      if (reference.nextOf(key) === undefined) this.#passedBy.delete(key);
    }
    const alive = jobs.filter(({ state }) => state !== "dead");
    const scheduled = jobs.filter(({ state }) => state === "scheduled").map(({ dueAt }) => dueAt);
    const leases = jobs.filter(({ state }) => state === "running").map(({ leaseEndsAt }) => leaseEndsAt);
    const counts = {
      waiting: reference.count("waiting"),
      scheduled: scheduled.length,
      running: leases.length,
      dead: jobs.length - alive.length,
      bytes,
      oldestAt: alive[0]?.at,
      blockedKeys: reference.blockedKeys,
    };
    same("states", this.#queue.counts, counts);
    same("due", this.#queue.dueAtMs, leastOf(scheduled));
    same("leases", this.#queue.leaseEndsAtMs, leastOf(leases));
    same("room", this.#queue.hasRoomFor(1, 10), jobs.length < 20 && bytes <= 140);
  }

  #handsOf(worker: number): Claim[] {
    return this.#hands[worker] ?? [];
  }

  #dead(nth: number): ReferenceJob | undefined {
    return this.#reference.jobs.filter(({ state }) => state === "dead")[nth];
  }
}

function leastOf(times: readonly number[]): number | undefined {
  const least = Math.min(...times);
  return least === Infinity ? undefined : least;
}

function same(what: string, found: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one} is not ${other}`);
}
