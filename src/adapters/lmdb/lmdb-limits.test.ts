import { expect, it } from "vitest";
import { lmdbLimits } from "./lmdb-limits.js";
import { originLimits } from "./origin-limits.js";

it("4 MiB of what was read are kept for others, unless somebody says otherwise", () => {
  expect(lmdbLimits).toEqual({ ...originLimits, readBatchesBytesMax: 4_194_304 });
});
