import { BusbarError } from "../kernel/errors.js";

/** A time: milliseconds, or a whole number with its unit. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** A size: bytes, or a whole number with its unit. */
export type Size = number | `${number}${"KiB" | "MiB" | "GiB"}`;

const durations: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const sizes: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** @throws BusbarError `contract/invalid-history` */
export function milliseconds(duration: Duration): number {
  return quantity(duration, durations, 'history.for is a time: milliseconds, or such as "7d", "12h", "30m", "90s"');
}

/** @throws BusbarError `contract/invalid-history` */
export function bytes(size: Size): number {
  return quantity(size, sizes, 'history.bytes is a size: bytes, or such as "512KiB", "64MiB", "1GiB"');
}

function quantity(value: unknown, units: Readonly<Record<string, number>>, meaning: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,15})([A-Za-z]+)$/.exec(String(value)) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  const result = typeof value === "number" ? value : Number(digits) * (factor ?? Number.NaN);
  if (result > 0) return result;
  throw new BusbarError("contract/invalid-history", `${meaning}; not ${String(value)}`);
}
