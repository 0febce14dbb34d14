import { aNumber, aShare, settle, type OptionTable } from "../../model/option-table.ts";
import type { OptionCheck } from "../../model/check-options.ts";

/** How far two numbers may lie apart: |a − b| ≤ max(abs, rel · max(|a|, |b|)). */
export interface Tolerance {
  /** An absolute distance; 0 by default. */
  readonly abs?: number;
  /** A distance relative to the larger of both magnitudes, from 0 to 1; 0 by default. */
  readonly rel?: number;
}

/** Whether two finite numbers are as good as equal. Infinities equal only themselves. */
export function within(tolerance: Tolerance, control: number, candidate: number): boolean {
  const distance = Math.abs(control - candidate);
  const { abs = 0, rel = 0 } = tolerance;
  // A distance that is no finite number comes from NaN, an infinity, or an overflow.
  return distance <= Math.max(abs, rel * Math.max(Math.abs(control), Math.abs(candidate))) && distance < Infinity;
}

// From a relative 1 on any two numbers of one sign are the same.
export const toleranceTable: OptionTable<Tolerance> = { abs: aNumber(), rel: aShare };

/** Checks a number (an absolute distance) or `{ abs, rel }`. */
export function checkTolerance(given: unknown, option: string, check: OptionCheck): Tolerance {
  if (typeof given === "number") {
    check.number(option, given);
    return { abs: given };
  }
  const tolerance = settle(check, toleranceTable, given as Tolerance, option);
  if (tolerance.abs === undefined && tolerance.rel === undefined) check.fail(option, "a number or { abs, rel }", given);
  return tolerance;
}
