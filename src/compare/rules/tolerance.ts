import { aBoolean, settle, type OptionRule, type OptionTable } from "../../model/option-table.ts";
import type { OptionCheck } from "../../model/check-options.ts";

/** How far two values may lie apart: numbers |a − b| ≤ max(abs, rel · max(|a|, |b|)), dates by `ms`. */
export interface Tolerance {
  /** For numbers, a distance; 0 by default. */
  readonly abs?: number;
  /** For numbers, a share of the larger one, from 0 to 1; 0 by default. */
  readonly rel?: number;
  /** For `Date`s, and for texts that are ISO 8601 date-times: milliseconds. Without it, only equal ones match. */
  readonly ms?: number;
  /** Whether `abs` and `rel` hold for decimal numbers within texts too, the rest of which has to be the same; `false` by default. */
  readonly strings?: boolean;
}

/** Whether two finite numbers are as good as equal. Infinities equal only themselves. */
export function within(tolerance: Tolerance, control: number, candidate: number): boolean {
  const distance = Math.abs(control - candidate);
  const { abs = 0, rel = 0 } = tolerance;
  // A distance that is no finite number comes from NaN, an infinity, or an overflow.
  return distance <= Math.max(abs, rel * Math.max(Math.abs(control), Math.abs(candidate))) && distance < Infinity;
}

/** The same for two times in milliseconds. */
export function withinTime({ ms }: Tolerance, control: number, candidate: number): boolean {
  return ms !== undefined && Math.abs(control - candidate) <= ms;
}

/** The same for two texts: date-times, or texts that differ in nothing but decimal numbers. */
export function withinText(tolerance: Tolerance, control: string, candidate: string): boolean {
  if (control.length > longestText || candidate.length > longestText) return false;
  if (tolerance.ms !== undefined && withinTime(tolerance, timeIn(control), timeIn(candidate))) return true;
  if (tolerance.strings !== true || textAround(control) !== textAround(candidate)) return false;
  const ours = numbersIn(control);
  const theirs = numbersIn(candidate);
  return ours.every((number, index) => number === theirs[index] || within(tolerance, number, theirs[index]!));
}

// Beyond it a text is no number and no date, and looking for such in it is no quick thing.
const longestText = 1_000;
const numbers = /[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const dateTime = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?:\[[^\]]+\])*$/;

/** A text's time in milliseconds since 1970; NaN where it is no ISO 8601 date-time. */
export function timeIn(text: string): number {
  return dateTime.test(text) ? Date.parse(text.replace(/\[.*$/, "").replace(",", ".")) : NaN;
}

/** The decimal numbers in a text, in their order. */
export function numbersIn(text: string): number[] {
  return (text.match(numbers) ?? []).map(Number);
}

/** What stands around the numbers of a text. */
export function textAround(text: string): string {
  return text.replace(numbers, "\0");
}

const aDistance: OptionRule = {
  takes: "a number of at least 0",
  check: (check, option, got) => checkDistance(option, got, check),
};
const aRatio: OptionRule = {
  takes: "a number from 0 to below 1",
  check: (check: OptionCheck, option: string, got: unknown): void => {
    check.number(option, got, { max: 1 });
    if (got === 1) check.fail(option, "below 1", got, "From 1 on any two numbers of one sign are the same");
  },
};

export const toleranceTable: OptionTable<Tolerance> = {
  abs: aDistance,
  rel: aRatio,
  ms: aDistance,
  strings: aBoolean,
};

/** Checks a number (an absolute distance) or an object of its kinds. */
export function checkTolerance(given: unknown, option: string, check: OptionCheck): Tolerance {
  if (typeof given === "number") {
    checkDistance(option, given, check);
    return { abs: given };
  }
  const tolerance = settle(check, toleranceTable, given as Tolerance, option);
  const { abs, rel, ms, strings } = tolerance;
  if (abs === undefined && rel === undefined && ms === undefined && strings !== true) {
    check.fail(option, "a number or { abs, rel, ms, strings }", given);
  }
  return tolerance;
}

function checkDistance(option: string, given: unknown, check: OptionCheck): void {
  check.number(option, given);
  if (given === Infinity) check.fail(option, "finite", given, "To let anything pass at a path, `ignore` it");
}
