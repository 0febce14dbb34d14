import { readAnswer } from "../compare/comparer-answer.ts";
import { compareValues } from "../compare/compare.ts";
import { compileRules } from "../compare/rules/rules.ts";
import type { Compare } from "../experiment/define/options.ts";
import type { Comparison } from "../model/comparison.ts";

/** Compares two records. */
export type Comparer = (control: unknown, candidate: unknown) => Comparison;

export function comparerOf(compare: Compare<unknown, unknown> | undefined, place: string): Comparer {
  if (typeof compare === "function") {
    const otherwise = compileRules(undefined, place);
    return (control, candidate) =>
      readAnswer(compare(control, candidate), () => compareValues(control, candidate, otherwise));
  }
  const rules = compileRules(compare, place);
  return (control, candidate) => compareValues(control, candidate, rules);
}
