import type { Clock } from "../kernel/clock.js";
import type { KeySource, WantedKey } from "./key-source.js";
import { placeOf, readKeySet, type KeyTable } from "./key-set.js";
import { noAnswer } from "./recognised.js";
import type {
  DocumentLimits,
  DocumentSource,
  PublicAlgorithm,
  SignatureCheck,
  SignatureChecks,
} from "./token-ports.js";

export interface KeySetLimits extends DocumentLimits {
  /** Keys are fetched anew when they are older. */
  readonly refreshMs: number;
  /** Keys that cannot be fetched anew are used until they are so old. */
  readonly keepMs: number;
  /** There is at least so much time from one fetch to the next, whatever tokens come. */
  readonly fetchIntervalMs: number;
  /** No key set is fetched for a name that was not in it so recently. */
  readonly unknownKidMs: number;
  /** So many such names are remembered. */
  readonly unknownKidsMax: number;
  /** A key set has at most so many keys. */
  readonly keysMax: number;
}

/** The one table of defaults. */
export const keySetLimits: KeySetLimits = {
  timeoutMs: 3_000,
  bytesMax: 262_144,
  refreshMs: 600_000,
  keepMs: 3_600_000,
  fetchIntervalMs: 10_000,
  unknownKidMs: 60_000,
  unknownKidsMax: 1_000,
  keysMax: 100,
};

export interface RemoteKeysOptions {
  readonly url: string;
  readonly ca: string | undefined;
  readonly algs: readonly PublicAlgorithm[];
  readonly limits: KeySetLimits;
  readonly clock: Clock;
  readonly checks: SignatureChecks;
  readonly documents: DocumentSource;
}

/**
 * The keys that an issuer publishes at one address. They are fetched when the first token asks for one, when they are
 * old, and when a token names one that is not among them; never twice at a time, and never sooner after the last time
 * than `fetchIntervalMs`.
 */
export class RemoteKeys implements KeySource {
  readonly #options: RemoteKeysOptions;
  #table: KeyTable = new Map();
  #loadedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  /** Why the last fetch failed; undefined where it did not. */
  #failure: { readonly cause: unknown } | undefined;
  #loading: Promise<void> | undefined;
  /** Names that were not among the keys, and until when that is believed. The oldest comes first. */
  readonly #unknown = new Map<string, number>();

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
  }

  takes(alg: string): boolean {
    return this.#options.algs.some((one) => one === alg);
  }

  async find(wanted: WantedKey): Promise<SignatureCheck | undefined> {
    const { refreshMs } = this.#options.limits;
    const isFresh = this.#ageMs < refreshMs;
    const key = this.#look(wanted);
    if (key !== undefined) {
      // An old key is good until it is too old: the new ones are fetched meanwhile.
      if (!isFresh) this.#startLoading();
      return key;
    }
    if (isFresh && this.#isUnknown(wanted)) return undefined;
    this.#startLoading();
    await this.#loading;
    const fetched = this.#look(wanted);
    if (fetched !== undefined) return fetched;
    if (this.#failure !== undefined) {
      throw noAnswer(`the keys at ${this.#options.url} cannot be fetched`, this.#failure.cause);
    }
    this.#rememberUnknown(wanted);
    return undefined;
  }

  get #ageMs(): number {
    return this.#options.clock.now() - this.#loadedAt;
  }

  /** The one key that is meant. A token that names none can mean the only one there is. */
  #look({ alg, kid }: WantedKey): SignatureCheck | undefined {
    if (this.#ageMs >= this.#options.limits.keepMs) return undefined;
    const [key, ...others] = this.#table.get(placeOf(alg, kid)) ?? [];
    return others.length === 0 ? key : undefined;
  }

  /** Fetch the keys, unless that is under way, or was tried just now. */
  #startLoading(): void {
    const { clock, limits } = this.#options;
    if (this.#loading !== undefined || clock.now() - this.#triedAt < limits.fetchIntervalMs) return;
    this.#triedAt = clock.now();
    this.#loading = this.#load();
  }

  /** Never rejects. */
  async #load(): Promise<void> {
    const { algs, ca, checks, clock, documents, limits, url } = this.#options;
    const { bytesMax, keysMax, timeoutMs } = limits;
    try {
      const text = await documents.fetch({ url, ca, bytesMax, timeoutMs });
      this.#table = readKeySet(text, { algs, checks, keysMax });
      this.#loadedAt = clock.now();
      this.#failure = undefined;
      this.#unknown.clear();
    } catch (error) {
      this.#failure = { cause: error };
    } finally {
      this.#loading = undefined;
    }
  }

  #isUnknown({ alg, kid }: WantedKey): boolean {
    const until = this.#unknown.get(placeOf(alg, kid));
    return until !== undefined && this.#options.clock.now() < until;
  }

  #rememberUnknown({ alg, kid }: WantedKey): void {
    const { clock, limits } = this.#options;
    const place = placeOf(alg, kid);
    this.#unknown.delete(place);
    for (const oldest of this.#unknown.keys()) {
      if (this.#unknown.size < limits.unknownKidsMax) break;
      this.#unknown.delete(oldest);
    }
    this.#unknown.set(place, clock.now() + limits.unknownKidMs);
  }
}
