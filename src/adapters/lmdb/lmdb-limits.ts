import { originLimits, type OriginLimits } from "./origin-limits.js";

export interface LmdbLimits extends OriginLimits {
  /** What was read lately is kept for whoever reads the same, up to about so many bytes for all channels together. */
  readonly readBatchesBytesMax: number;
}

/** The one table of defaults. */
export const lmdbLimits: LmdbLimits = { ...originLimits, readBatchesBytesMax: 1024 * 1024 };
