import { expect, it } from "vitest";
import { lmdbLimits } from "./lmdb-limits.js";
import { originLimits } from "./origin-limits.js";

it("1 MiB of what was read are kept for others, unless somebody says otherwise", () => {
  expect(lmdbLimits).toEqual({ ...originLimits, readBatchesBytesMax: 1_048_576 });
});
