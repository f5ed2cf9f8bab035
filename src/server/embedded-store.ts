import type { LmdbLimits } from "../adapters/lmdb/lmdb-limits.js";
import type { Store } from "../hub/store.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/logger.js";
import type { Random } from "../kernel/random.js";

export interface EmbeddedStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: Partial<LmdbLimits>;
}

/** Open the store on disk in this folder. It is loaded when it is wanted: not everybody installs LMDB. */
export async function embeddedStore(path: string, options: EmbeddedStoreOptions): Promise<Store> {
  const { LmdbStore } = await import("../adapters/lmdb/lmdb-store.js");
  return LmdbStore.open({ path, ...options });
}
